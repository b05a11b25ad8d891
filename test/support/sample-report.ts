/** Reports as drills and restores leave them, for the tests of the forms and for looking at them. */
import type {
  PhaseSpan,
  ProofItem,
  RunReport,
  Sample,
  TrendPoint,
  Verdict,
} from '../../src/report/run-report.ts';

const GiB = 1024 ** 3;
const beginMs = Date.parse('2026-11-22T22:09:55.000Z');

/** So many seconds after the run began. */
export const after = (seconds: number): string => new Date(beginMs + seconds * 1000).toISOString();

export const proof = (
  id: string,
  title: string,
  summary: string,
  seconds: number | null,
  outcome: ProofItem['outcome'] = 'passed',
  details: readonly string[] = [],
): ProofItem => ({
  id,
  title,
  outcome,
  summary,
  details,
  durationMs: seconds === null ? null : seconds * 1000,
});

const proofs: readonly ProofItem[] = [
  proof('backup', 'The backup is complete', '20261122T020003, 3 objects, 41.3 GiB', 1.2),
  proof('wal', 'The WAL is whole', '240 segments from 2A/28 to 2A/F0A3F2B8, every record read', 41.7),
  proof('files', 'Files match the manifest', '1,204 files, 112 GiB', 0.8),
  proof('pages', 'Page checksums', '14,680,064 pages, none damaged', 12.4),
  proof('recovery', 'Recovery reached its target', 'the end of the WAL, 2A/F0A3F2B8', 168.3),
  proof('collations', 'Collation versions', 'glibc 2.36 as when the indexes were built', 0.1),
  proof('amcheck:orders', 'pg_amcheck of orders', '312 relations', 52.9),
  proof('amcheck:billing', 'pg_amcheck of billing', '88 relations', 9.4),
  proof('dump:orders', 'Every table of orders is read', 'not asked for', null, 'skipped'),
  proof('assertion:newest-order', 'newest order is younger than 15 minutes', 'it is 41 s old', 0.02),
  proof('rto', 'Recovery time', '9 m 12 s, within 15 m', null),
  proof('rpo', 'Recovery point', '44 s, within 5 m', null),
];

export const span = (
  phase: string,
  title: string,
  from: number,
  to: number | null,
  rest: Partial<PhaseSpan> = {},
): PhaseSpan => ({
  phase,
  title,
  attempt: 1,
  startedAt: after(from),
  endedAt: to === null ? null : after(to),
  outcome: 'completed',
  bytes: null,
  ...rest,
});

const phases: readonly PhaseSpan[] = [
  span('preflight', 'preflight', 0, 4.1),
  span('plan', 'plan', 4.1, 46),
  span('prepareTarget', 'prepare target', 46, 46.4),
  span('restoreBase', 'restore base', 46.4, 288, { bytes: 41.3 * GiB }),
  span('restoreWal', 'restore WAL', 46.4, 61, { bytes: 1 * GiB }),
  span('configureRecovery', 'configure recovery', 288, 288.3),
  span('seal', 'seal', 288.3, 290),
  span('recover', 'recover', 290, 458, { bytes: 3.75 * GiB }),
  span('promote', 'promote', 458, 462.5),
  span('prove', 'prove', 462.5, 552),
  span('tearDown', 'tear down', 552, 554),
];

/** A repeatable wobble between -1 and 1. */
const wobble = (index: number): number => Math.sin(index * 1.7) * 0.6 + Math.sin(index * 0.37) * 0.4;

/** Progress of one attempt, a sample every few seconds. */
export function samplesOf(
  phase: string,
  unit: Sample['unit'],
  fromSeconds: number,
  toSeconds: number,
  total: number,
  reach: { readonly from?: number; readonly to?: number; readonly every?: number } = {},
): Sample[] {
  const { from = 0, to = 1, every = 2 } = reach;
  const count = Math.max(2, Math.floor((toSeconds - fromSeconds) / every));
  const weights = Array.from({ length: count }, (_, index) => 1 + wobble(index) * 0.35);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let passed = 0;
  return [0, ...weights].map((weight, index) => {
    passed += weight;
    const done = Math.round(total * (from + ((to - from) * passed) / whole));
    return {
      at: after(fromSeconds + ((toSeconds - fromSeconds) * index) / count),
      phase,
      unit,
      done,
      total,
      lsn: unit === 'wal-bytes' ? `2A/${done.toString(16).toUpperCase()}` : null,
    };
  });
}

const samples: readonly Sample[] = [
  ...samplesOf('restoreBase', 'bytes', 46.4, 288, 41.3 * GiB),
  ...samplesOf('restoreWal', 'bytes', 46.4, 61, 1 * GiB),
  ...samplesOf('recover', 'wal-bytes', 290, 458, 3.75 * GiB),
];

/** Drills of the nights before, the run itself last. */
export function trendOf(
  nights: number,
  rtoMs: number | null,
  rpoMs: number | null,
  verdict: Verdict,
): TrendPoint[] {
  return Array.from({ length: nights + 1 }, (_, index) => {
    const earlier: TrendPoint = {
      runId: `202611${String(index + 1).padStart(2, '0')}-021004-a${index}b7`,
      startedAt: new Date(beginMs - (nights - index) * 86_400_000).toISOString(),
      verdict: index % 9 === 5 ? 'failed' : 'passed',
      rtoMs: index % 9 === 5 ? null : 540_000 + index * 4000 + Math.round(wobble(index) * 40_000),
      rpoMs: index % 9 === 5 ? null : 45_000 + Math.round(wobble(index + 3) * 30_000),
    };
    return index < nights
      ? earlier
      : { runId: '20261122-220955-k3f9', startedAt: after(0), verdict, rtoMs, rpoMs };
  });
}

/** A drill of last night's backup that found nothing wrong. */
export const passedDrill: RunReport = {
  version: 1,
  runId: '20261122-220955-k3f9',
  kind: 'drill',
  runKey: 'nightly-orders-2026-11-22',
  database: 'orders',
  verdict: 'passed',
  headline: 'The backup of 22 November 02:00 was restored, recovered to its end and proved in 9 m 12 s.',
  findings: [],
  status: 'completed',
  startedAt: after(0),
  endedAt: after(554),
  error: null,
  next: null,
  source: {
    url: 's3://backups/orders/main',
    endpoint: 'https://s3.example.com',
    backup: '20261122T020003',
    format: 'barman-cloud',
    backupEndedAt: '2026-11-22T02:14:41.000Z',
    systemIdentifier: '7301822415029764113',
    serverMajor: 17,
    recoveryTarget: 'the end of the WAL',
  },
  target: 'temporary volume odo-drill-20261122-220955-k3f9, removed',
  service: 'temporary server of image postgres:17, beside Compose service db',
  proofs,
  measures: {
    rtoMs: 552_000,
    maxRtoMs: 900_000,
    rpoMs: 44_000,
    maxRpoMs: 300_000,
    lastCommitAt: '2026-11-22T22:09:11.041Z',
    behindArchiveMs: 0,
    interruptions: 0,
    storedBytes: 41.3 * GiB,
    restoredBytes: 112 * GiB,
    walBytes: 3.75 * GiB,
    regressions: [],
  },
  phases,
  samples,
  trend: trendOf(14, 552_000, 44_000, 'passed'),
  events: [
    {
      at: after(4.1),
      level: 'info',
      message: 'backup 20261122T020003 was chosen: the newest that is complete',
    },
    { at: after(46), level: 'info', message: 'the plan was made; a drill touches nothing of production' },
    { at: after(61), level: 'info', message: '64 segments are there before recovery begins' },
    { at: after(301), level: 'info', message: 'recovery is consistent at 2A/1A0028' },
    { at: after(458), level: 'info', message: 'recovery reached the end of the WAL at 2A/F0A3F2B8' },
    {
      at: after(500),
      level: 'warning',
      message: 'extension pg_stat_statements is 1.10 here and 1.11 in the image',
    },
    { at: after(554), level: 'info', message: 'the temporary volume and server are gone' },
  ],
  plan: [
    {
      title: 'What is read',
      rows: [
        { name: 'Base backup', value: '3 objects, 41.3 GiB, each pinned to its ETag' },
        { name: 'WAL', value: '240 segments, 00000003000000…2A000000F0' },
      ],
    },
    {
      title: 'What is made',
      rows: [
        { name: 'Volume', value: 'odo-drill-20261122-220955-k3f9, 112 GiB of 640 GiB free' },
        { name: 'Server', value: 'container odo-drill-20261122-220955-k3f9-db, no network' },
      ],
    },
    { title: 'What is stopped', rows: [{ name: 'Service', value: 'nothing' }] },
  ],
  planDigest: '8d1c64b0e7f2a935'.repeat(4),
  environment: {
    odoVersion: '0.1.0',
    nodeVersion: '24.21.0',
    host: 'db-drill-1',
    system: 'Linux 6.1.0-31-amd64, Docker 28.3',
    cpus: 8,
    memoryBytes: 32 * GiB,
    server: 'PostgreSQL 17.2 of image postgres:17',
  },
};

/** The same proof with another end. */
const withOutcome = (
  id: string,
  outcome: ProofItem['outcome'],
  summary: string,
  details: readonly string[] = [],
) => {
  const item = proofs.find((found) => found.id === id);
  if (item === undefined) throw new Error(`no proof ${id} in the sample`);
  return { ...item, outcome, summary, details };
};

const failures: readonly ProofItem[] = [
  withOutcome('backup', 'failed', 'it ended 3 d 04 h ago; a backup may be 1 d 12 h old', [
    'newest complete backup: 20261119T180003, ended 2026-11-19 18:09:12 UTC',
  ]),
  withOutcome('wal', 'failed', 'segment 000000030000002A00000071 is missing; the WAL ends at 2A/71000000', [
    '168 of 240 segments can be replayed',
    'last commit before the hole: 2026-11-22 14:41:07 UTC',
  ]),
  withOutcome('pages', 'failed', '2 of 14,680,064 pages are damaged', [
    'block 17 of base/16384/16401 (table public.orders): checksum 4f1a, expected 90c3',
    'block 90211 of base/16384/16455 (index public.orders_created_at_idx): checksum 0000, expected 1b7e',
  ]),
  withOutcome('amcheck:orders', 'failed', 'index orders_created_at_idx is broken', [
    'heap tuple (90211,4) of table "orders" lacks matching index tuple within index "orders_created_at_idx"',
  ]),
  withOutcome(
    'assertion:newest-order',
    'failed',
    'the newest order is 7 h 29 m old, at most 15 m are allowed',
  ),
  withOutcome('rpo', 'failed', '7 h 28 m, the limit is 5 m'),
];

/** A drill in which everything that can be wrong with a backup is wrong. */
export const failedDrill: RunReport = {
  ...passedDrill,
  verdict: 'failed',
  headline: 'The backup of 19 November 18:00 can be restored only up to 14:41 today, with two damaged pages.',
  findings: [
    {
      about: 'wal',
      message:
        'WAL segment 000000030000002A00000071 is missing: nothing after 22 November 14:41:07 UTC can be recovered.',
    },
    { about: 'pages', message: 'Two pages of database orders are damaged in the backup.' },
    {
      about: 'amcheck:orders',
      message: 'Index orders_created_at_idx of database orders does not match its table.',
    },
    {
      about: 'assertion:newest-order',
      message: 'The newest order is 7 h 29 m old; at most 15 minutes are allowed.',
    },
    { about: 'backup', message: 'The newest complete backup is 3 d 04 h old; at most 1 d 12 h are allowed.' },
    { about: 'rpo', message: 'The recovery point is 7 h 28 m, over its limit of 5 m.' },
  ],
  status: 'failed',
  proofs: proofs.map((item) => failures.find((failed) => failed.id === item.id) ?? item),
  measures: {
    ...passedDrill.measures,
    rtoMs: 1_080_000,
    rpoMs: 26_880_000,
    lastCommitAt: '2026-11-22T14:41:07.220Z',
    behindArchiveMs: 26_840_000,
    walBytes: 2.6 * GiB,
    regressions: [
      {
        measure: 'rto',
        message: 'The recovery time is 18 m 00 s; the median of the 14 drills before is 9 m 28 s.',
        nowMs: 1_080_000,
        usualMs: 568_000,
      },
    ],
  },
  trend: trendOf(14, 1_080_000, 26_880_000, 'failed'),
};

/** Killed in the middle of its base backup, left for nine hours, killed again, and finished. */
export const resumedDrill: RunReport = {
  ...passedDrill,
  headline: 'The backup was restored and proved in 9 m 40 s of work, over two interruptions.',
  endedAt: after(33_560),
  measures: { ...passedDrill.measures, rtoMs: 580_000, interruptions: 2 },
  phases: [
    ...phases.slice(0, 3),
    span('restoreBase', 'restore base', 46.4, null, { outcome: 'interrupted' }),
    span('restoreWal', 'restore WAL', 46.4, 61, { bytes: 1 * GiB }),
    span('restoreBase', 'restore base', 33_150, 33_210, { attempt: 2, outcome: 'failed' }),
    span('restoreBase', 'restore base', 33_240, 33_300, { attempt: 3, bytes: 12 * GiB }),
    span('configureRecovery', 'configure recovery', 33_300, 33_300.3),
    span('seal', 'seal', 33_300.3, 33_302),
    span('recover', 'recover', 33_302, 33_470, { bytes: 3.75 * GiB }),
    span('promote', 'promote', 33_470, 33_474),
    span('prove', 'prove', 33_474, 33_558),
    span('tearDown', 'tear down', 33_558, 33_560),
  ],
  samples: [
    ...samplesOf('restoreBase', 'bytes', 46.4, 150, 41.3 * GiB, { to: 0.4 }),
    ...samplesOf('restoreBase', 'bytes', 33_150, 33_210, 41.3 * GiB, { from: 0.38, to: 0.7 }),
    ...samplesOf('restoreBase', 'bytes', 33_240, 33_300, 41.3 * GiB, { from: 0.7 }),
    ...samplesOf('recover', 'wal-bytes', 33_302, 33_470, 3.75 * GiB),
  ],
  trend: trendOf(14, 580_000, 44_000, 'passed'),
  events: [
    ...passedDrill.events.slice(0, 3),
    { at: after(33_150), level: 'warning', message: 'resumed after an interruption of 9 h 10 m' },
    { at: after(33_210), level: 'error', message: 'STORAGE_UNAVAILABLE: the store did not answer for 60 s' },
    { at: after(33_560), level: 'info', message: 'the temporary volume and server are gone' },
  ],
};

/** A drill that stands in the middle, its odo gone. */
export const interruptedDrill: RunReport = {
  ...passedDrill,
  verdict: 'unfinished',
  headline:
    'The drill was interrupted while it restored the base backup; nothing is proved or disproved yet.',
  status: 'interrupted',
  endedAt: null,
  next: 'odo resume 20261122-220955-k3f9',
  proofs: proofs.map((item, index) =>
    index < 2 ? item : proof(item.id, item.title, 'the run ended before', null, 'not-reached'),
  ),
  measures: {
    ...passedDrill.measures,
    rtoMs: null,
    rpoMs: null,
    lastCommitAt: null,
    behindArchiveMs: null,
    interruptions: 1,
    restoredBytes: null,
    walBytes: null,
  },
  phases: [
    ...phases.slice(0, 3),
    span('restoreBase', 'restore base', 46.4, null, { outcome: 'interrupted' }),
  ],
  samples: samplesOf('restoreBase', 'bytes', 46.4, 150, 41.3 * GiB, { to: 0.4 }),
  trend: trendOf(14, null, null, 'unfinished'),
  events: passedDrill.events.slice(0, 2),
};

/** A restore to the service, without limits. */
export const restoreReport: RunReport = {
  ...passedDrill,
  kind: 'restore',
  runKey: null,
  database: null,
  headline: 'The database was restored to 2026-11-20 14:30:00 UTC and verified.',
  target: 'volume shop_pgdata',
  service: 'Compose service db of docker-compose.yml',
  source: { ...passedDrill.source, endpoint: null, recoveryTarget: '2026-11-20 14:30:00 UTC' },
  proofs: proofs.filter((item) => ['backup', 'wal', 'files', 'recovery'].includes(item.id)),
  measures: { ...passedDrill.measures, maxRtoMs: null, maxRpoMs: null },
  trend: [],
};

/** Refused by a preliminary check: nothing was touched, nothing measured. */
export const refusedDrill: RunReport = {
  ...passedDrill,
  verdict: 'failed',
  headline: 'There is no complete backup under s3://backups/orders/main.',
  findings: [{ about: 'run', message: 'There is no complete backup under s3://backups/orders/main.' }],
  status: 'refused',
  endedAt: after(3),
  error: {
    code: 'BACKUP_NOT_FOUND',
    message: 'There is no complete backup under s3://backups/orders/main.',
    hint: 'odo backups -u s3://backups/orders/main says what is broken about each.',
    causes: [],
  },
  source: {
    ...passedDrill.source,
    backup: null,
    format: null,
    backupEndedAt: null,
    systemIdentifier: null,
    serverMajor: null,
    recoveryTarget: null,
  },
  proofs: [],
  measures: {
    rtoMs: null,
    maxRtoMs: 900_000,
    rpoMs: null,
    maxRpoMs: null,
    lastCommitAt: null,
    behindArchiveMs: null,
    interruptions: 0,
    storedBytes: null,
    restoredBytes: null,
    walBytes: null,
    regressions: [],
  },
  phases: [],
  samples: [],
  trend: [],
  events: [],
  plan: [],
  planDigest: null,
  environment: { ...passedDrill.environment, server: null },
};

/** Sixty databases and five hours. */
export const longDrill: RunReport = {
  ...passedDrill,
  endedAt: after(18_000),
  proofs: [
    ...proofs,
    ...Array.from({ length: 60 }, (_, index) => {
      const name = `tenant_${String(index + 1).padStart(3, '0')}`;
      return proof(`amcheck:${name}`, `pg_amcheck of ${name}`, `${40 + index} relations`, 3 + index);
    }),
  ],
  measures: { ...passedDrill.measures, rtoMs: 17_000_000, maxRtoMs: 21_600_000 },
  phases: [
    ...phases.slice(0, 3),
    span('restoreBase', 'restore base', 46.4, 9000, { bytes: 1500 * GiB }),
    span('recover', 'recover', 9000, 17_000, { bytes: 600 * GiB }),
    span('prove', 'prove', 17_000, 18_000),
  ],
  samples: [
    ...samplesOf('restoreBase', 'bytes', 46.4, 9000, 1500 * GiB),
    ...samplesOf('recover', 'wal-bytes', 9000, 17_000, 600 * GiB),
  ],
};

/** What somebody may have named a database, an object or an assertion to break out of a page. */
export const hostileText =
  '</style></title><script>document.title="owned"</script><img src="https://evil.example/x.png" onerror=alert(1)>' +
  ' "\'`|&<b> ]]> --> \u0000\u0007\u001b[31m \u202egnp.exe \ud800 \r\n# heading\n- item | cell';

/** Hostile text wherever a report holds text, and strings without a place to break. */
export const hostileReport: RunReport = withTexts(failedDrill, (text, path) =>
  /(^|\.)(version|runId|kind|verdict|outcome|level|unit|phase|measure|startedAt|endedAt|at|lastCommitAt|backupEndedAt|code)$/.test(
    path,
  )
    ? text
    : `${hostileText} ${'W'.repeat(400)}`,
);

function withTexts(report: RunReport, change: (text: string, path: string) => string): RunReport {
  const walk = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') return change(value, path);
    if (Array.isArray(value)) return value.map((item) => walk(item, path));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(item, `${path}.${key}`)]),
    );
  };
  return walk(report, '') as RunReport;
}

export const sampleReports = {
  passed: passedDrill,
  failed: failedDrill,
  resumed: resumedDrill,
  interrupted: interruptedDrill,
  restore: restoreReport,
  refused: refusedDrill,
  long: longDrill,
  hostile: hostileReport,
} as const satisfies Record<string, RunReport>;
