import { expect, test } from 'vitest';
import { planDifferences } from '../../../src/steps/plan-differences.ts';
import { requirePlanHolds } from '../../../src/steps/require-plan-holds.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { samplePlan } from '../../../tools/sample-events.ts';

const { contents } = samplePlan;
const [tablespace] = samplePlan.tablespaces;
if (contents.wal === null || tablespace?.place === undefined || samplePlan.found === undefined)
  throw new Error('The sample has WAL, a tablespace and a target.');
const { wal } = contents;
const { place } = tablespace;
const { found } = samplePlan;

test('nothing differs but moments: room, time, newer WAL, a service that was stopped, fewer cores', () => {
  const now: RestorePlan = {
    ...samplePlan,
    runId: 'other',
    createdAt: '2026-11-23T00:00:00Z',
    digest: 'other',
    removes: 'a PostgreSQL 17 data directory, 41.0 GiB',
    space: { ...samplePlan.space, freeBytes: 1 },
    serviceWasRunning: false,
    passedOver: [],
    warnings: [],
    jobs: 2,
    contents: { ...contents, wal: { ...wal, lastSegment: '000000030000002A0000000A' } },
  };
  expect(planDifferences(samplePlan, now)).toEqual([]);
});

test.for<[what: string, change: Partial<RestorePlan>, code: string, says: RegExp]>([
  [
    'another place',
    { target: { kind: 'data-directory', path: '/srv/pg' }, targetDescription: 'directory /srv/pg' },
    'TARGET_CHANGED',
    /restores into volume shop_pgdata; now that would be directory \/srv\/pg/,
  ],
  [
    'another cluster on the target',
    { found: { ...found, systemIdentifier: '42' } },
    'TARGET_CHANGED',
    /held a data directory of PostgreSQL 17, system identifier 7563829104756382910 when .* system identifier 42 now/,
  ],
  [
    'an empty target',
    {
      found: { ...found, holds: 'nothing', serverMajor: null, systemIdentifier: null },
      targetAction: 'fill',
    },
    'TARGET_CHANGED',
    /holds nothing now/,
  ],
  [
    'a tablespace’s place that is no longer empty',
    {
      tablespaces: [
        {
          ...tablespace,
          place: {
            ...place,
            found: { exists: true, holds: 'other-files', serverMajor: null, systemIdentifier: null },
          },
        },
      ],
    },
    'TARGET_CHANGED',
    /volume shop_archive held .* and holds other files now/,
  ],
  [
    'a tablespace that goes elsewhere',
    { tablespaces: [{ ...tablespace, serverPath: '/mnt/other' }] },
    'TARGET_CHANGED',
    /archive goes to \/mnt\/archive in the plan; now that would be \/mnt\/other/,
  ],
  [
    'a tablespace that is gone',
    { tablespaces: [] },
    'TARGET_CHANGED',
    /no longer has the tablespace archive/,
  ],
  [
    'another service',
    { serviceDescription: 'Compose service other' },
    'SERVICE_CONFLICT',
    /is for Compose service db of .*; now that would be Compose service other/,
  ],
  [
    'another image under the same name',
    { imageId: 'sha256:other' },
    'SERVICE_CONFLICT',
    /another image than when the plan was made/,
  ],
  [
    'another image',
    { launcherDescription: 'PostgreSQL 17 of image mine:17' },
    'SERVICE_CONFLICT',
    /recovers with PostgreSQL 17 of image postgres:17; now that would be .* mine:17/,
  ],
  [
    'an image or installation that was upgraded in place',
    { server: { version: '17.7', libc: 'glibc 2.41', icu: '76', localeCount: 3 } },
    'SERVICE_CONFLICT',
    /is 17\.7, glibc 2\.41, ICU 76, 3 locales now, and was of unknown version when the plan was made/,
  ],
  [
    'another edit of the configuration',
    { configuration: { isKept: true, serviceMounts: [], source: null } },
    'PLAN_OUTDATED',
    /Other settings of the database’s configuration/,
  ],
  ['another owner', { owner: { uid: 26, gid: 27 } }, 'SERVICE_CONFLICT', /belong to 26:27, not to 999:999/],
  [
    'another file for postgresql.auto.conf',
    { override: { path: '/srv/shop/confs/postgresql.auto.conf', sha256: '00' } },
    'PLAN_OUTDATED',
    /its SHA-256 differs/,
  ],
  [
    'another backup under the same id',
    { contents: { ...contents, backup: { ...contents.backup, beginLsn: '3/28' } } },
    'PLAN_OUTDATED',
    /Backup 20261120T020000 is another one/,
  ],
  [
    'what has no words of its own',
    { pageChecksums: 'stream' },
    'PLAN_OUTDATED',
    /pageChecksums: "off"; now .* "stream"/,
  ],
])('%s is a difference', ([, change, code, says]) => {
  const agreed = { ...samplePlan, serviceWasRunning: true };
  const differences = planDifferences(agreed, { ...agreed, ...change });
  expect(differences).toHaveLength(1);
  expect(differences[0]).toMatchObject({ code, text: expect.stringMatching(says) });
});

test('a service that runs now and did not then would be stopped without anybody having agreed to it', () => {
  const agreed = { ...samplePlan, serviceWasRunning: false };
  expect(planDifferences(agreed, { ...agreed, serviceWasRunning: true })).toMatchObject([
    {
      code: 'SERVICE_CONFLICT',
      text: expect.stringMatching(/did not run when the plan was made, and runs now/),
    },
  ]);
});

/** A store in which every object of the sample has its ETag, but for what a test says. */
function contextWith(others: Readonly<Record<string, string | null>>) {
  const asked: string[] = [];
  const all = [...contents.archives, ...wal.objects];
  const storage = {
    stat: async (key: string) => {
      asked.push(key);
      const etag = others[key] === undefined ? all.find((one) => one.key === key)?.etag : others[key];
      return etag == null ? null : { key, sizeBytes: 1, etag, modifiedAt: '', storageClass: null };
    },
  };
  const context = { signal: new AbortController().signal, ports: { source: async () => ({ storage }) } };
  return { context: context as unknown as StepContext, asked };
}

const shorter: RestorePlan = {
  ...samplePlan,
  contents: { ...contents, wal: { ...wal, objects: wal.objects.slice(0, -2) } },
};

test('objects that the new plan does not name are asked for, and no others', async () => {
  const { context, asked } = contextWith({});
  await requirePlanHolds(samplePlan, shorter, context);
  expect(asked).toEqual(wal.objects.slice(-2).map(({ key }) => key));
});

test('an object that is gone and one that was replaced are both named', async () => {
  const [gone, replaced] = wal.objects.slice(-2).map(({ key }) => key);
  const { context } = contextWith({ [String(gone)]: null, [String(replaced)]: '"new"' });
  await expect(requirePlanHolds(samplePlan, shorter, context)).rejects.toMatchObject({
    code: 'PLAN_OUTDATED',
    message: 'The plan of 2026-11-22T22:09:57.120Z no longer holds.',
    details: {
      problems: [
        { text: `${gone} is no longer in the store.` },
        { text: `${replaced} is not the object that was planned: its ETag differs.` },
      ],
    },
  });
});

test('of many objects that are gone a few are named, and a changed target decides the exit code', async () => {
  const objects = Array.from({ length: 50 }, (_, index) => ({
    name: `0000000300000030000000${index + 10}`,
    key: `wals/${index + 10}`,
    sizeBytes: 1,
    etag: 'e',
  }));
  const agreed = { ...samplePlan, contents: { ...contents, wal: { ...wal, objects } } };
  const { context } = contextWith({});
  const error = await requirePlanHolds(
    agreed,
    { ...samplePlan, found: { ...found, holds: 'other-files' } },
    context,
  ).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'TARGET_CHANGED' });
  const { problems } = (error as { details: { problems: { text: string }[] } }).details;
  expect(problems).toHaveLength(12);
  expect(problems.at(-1)?.text).toBe('40 more objects are no longer in the store.');
});
