import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BackupSurvey } from '../../../../src/backup/survey-backups.ts';
import type { CliApi } from '../../../../src/cli/context.ts';
import { runProgram } from '../../../../src/cli/program.ts';
import { backupsText } from '../../../../src/cli/render/backups-text.ts';
import { widthOf } from '../../../../src/cli/render/text.ts';
import { sampleSurvey } from '../../../../tools/sample-backups.ts';
import { fakeApi, fakeHost } from '../fake-host.ts';
import { screenOf } from '../screen.ts';

const capture = (name: string): string[] =>
  readFileSync(new URL(`../../../fixtures/terminal/${name}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

async function screen(columns: number): Promise<string[]> {
  const host = fakeHost({ terminal: true, columns });
  const listAvailableBackups: CliApi['listAvailableBackups'] = async () => sampleSurvey;
  await runProgram(['backups', '-u', 's3://backups/main'], fakeApi({ listAvailableBackups }), host);
  return screenOf(host.stdout.text(), columns);
}

const first = sampleSurvey.backups[0] as BackupSurvey['backups'][number];
const only = (change: Partial<typeof first.backup>): BackupSurvey => ({
  backups: [{ ...first, whyNot: null, restorable: true, backup: { ...first.backup, ...change } }],
  windows: [],
  gaps: [],
  warnings: [],
});

describe('the backups on a terminal', () => {
  it('look as they were captured from tmux at 80 columns', async () => {
    expect(await screen(80)).toEqual(capture('backups-80x24'));
  });

  it('look as they were captured from tmux at 200 columns', async () => {
    expect(await screen(200)).toEqual(capture('backups-200x50'));
  });

  it.each([40, 60, 79, 80, 100, 132, 200])('take no more than %d columns', (columns) => {
    const widths = backupsText(sampleSurvey, columns).map(widthOf);
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  });

  it('show an id in full, however long it is', () => {
    const id = `hosts/${'x'.repeat(60)}/20261120`;
    const lines = backupsText(only({ id, name: 'nightly' }), 60);
    expect(lines[1]).toBe(id);
    expect(lines[2]).toBe('    name nightly');
  });

  it('say what an incremental one builds on, and that it is one', () => {
    const incremental = { fromLsn: '0/1', fromTimeline: 1, dependsOn: [{ id: 'full', folder: 'full/' }] };
    const [one] = only({ incremental, name: null }).backups;
    if (one === undefined) expect.fail('there is one');
    const lines = backupsText({ ...only({}), backups: [{ ...one, kind: 'incremental' }] }, 79);
    expect(lines[0]).toMatch(/^backup +restorable +kind/);
    expect(lines[2]).toBe('    Builds on full.');
  });

  it('let nothing in a name drive the terminal', () => {
    const text = backupsText(only({ name: 'a\u001b[31mb' }), 120).join('\n');
    expect(text).not.toContain('\u001b');
  });

  it('name the server of each where there are several', () => {
    const [one] = only({ server: 'one' }).backups;
    const [two] = only({ server: 'two' }).backups;
    if (one === undefined || two === undefined) expect.fail('there are two');
    const lines = backupsText({ ...only({}), backups: [one, two] }, 79);
    expect(lines[0]).toMatch(/^backup +name +server +restorable/);
  });

  it('say that backups with WAL of their own reach one moment each', () => {
    const point = { ...sampleSurvey.windows[0], kind: 'point', to: null } as BackupSurvey['windows'][number];
    const text = backupsText({ ...only({}), windows: [point, point] }, 120).at(-1);
    expect(text).toBe('2 backups have no WAL but their own: each reaches its own end and nothing after it.');
  });
});
