import { expect, it } from 'vitest';
import { configurationRows } from '../../../../src/run/plan-rows/configuration-rows.ts';
import type { PlannedConfiguration, PlannedEdit } from '../../../../src/steps/planned-configuration.ts';
import type { RestorePlan } from '../../../../src/steps/restore-plan.ts';

const edit = (text: string): PlannedEdit => ({
  rule: 'ssl',
  file: 'custom.conf',
  line: 1,
  what: 'ssl',
  replacement: null,
  why: 'why',
  text,
});
const rows = (
  configuration: Partial<PlannedConfiguration> | undefined,
  override: RestorePlan['override'] = null,
) =>
  configurationRows({
    override,
    ...(configuration === undefined
      ? {}
      : { configuration: { isKept: false, serviceMounts: [], source: null, ...configuration } }),
  } as RestorePlan);
const source = {
  origin: 'CloudNativePG',
  files: ['postgresql.conf', 'custom.conf'],
  settings: { max_connections: '100', wal_level: 'logical' },
  missingLibraries: [],
  missingLocales: [],
  edits: [edit('ssl off'), edit('archive off')],
} as const;

it('the page shows whose configuration it is, what it says and each edit', () => {
  expect(rows({ source })).toEqual([
    ['read', 'of CloudNativePG: postgresql.conf, custom.conf'],
    ['', 'max_connections 100, wal_level logical'],
    ['edited', 'ssl off'],
    ['', 'archive off'],
  ]);
});

it('the page says that nothing is edited, or that it cannot be seen yet', () => {
  expect(rows({ source, isKept: true }).at(-1)).toEqual(['edited', 'nothing (--keep-config)']);
  expect(rows({ source: { ...source, edits: [] } }).at(-1)?.[1]).toMatch(/nothing, as far/);
  expect(
    rows({})
      .map(([, text]) => text)
      .join(),
  ).toMatch(/when it is restored.*archiving is switched off/);
});

it('the page of an older plan has only the file that replaces postgresql.auto.conf', () => {
  expect(rows(undefined)).toEqual([]);
  expect(rows(undefined, { path: '/my.conf', sha256: 'abc' })).toEqual([
    ['replaced', 'postgresql.auto.conf by /my.conf (SHA-256 abc…)'],
  ]);
});
