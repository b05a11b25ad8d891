/** One run as it tells itself: the examples in docs/json-output.md, and what the renderers are tested with. */

import type { RunStatus } from '../src/run/run-api.ts';
import type { RunEvent } from '../src/run/run-events.ts';
import { dataPlaneDefaults } from '../src/steps/data-plane-options.ts';
import type { ExpectedPhase } from '../src/steps/expected-duration.ts';
import type { PlannedRecovery, RestorePlan } from '../src/steps/restore-plan.ts';
import type { RecoveryMilestone } from '../src/steps/step.ts';

export const sampleRunId = '20261122-220955-k3f9';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;

const sampleDigest = '8d1c64b0e7f2a935'.repeat(4);

const expectedPhase = (
  phase: ExpectedPhase['phase'],
  seconds: number,
  basis: ExpectedPhase['basis'],
  runs: number,
): ExpectedPhase => ({
  phase,
  basis,
  runs,
  ms: seconds * 1000,
  lowMs: seconds * 800,
  highMs: seconds * 1500,
});

/** To a moment within the WAL, which was read. */
export const sampleRecovery: PlannedRecovery = {
  target: { kind: 'time', time: '2026-11-22T21:30:00Z', inclusive: true },
  timeline: 'latest',
  action: 'promote',
  standby: null,
  spoolBytes: GiB,
  check: 'records',
  stop: { kind: 'time', time: '2026-11-22T21:30:00Z', inclusive: true },
  proof: {
    extent: 'records',
    fromLsn: '2A/28',
    toLsn: '2A/7A3F2B8',
    segments: 8,
    lastRecordLsn: '2A/7A3F250',
    lastCommit: { lsn: '2A/7A3E118', time: '2026-11-22T21:29:58.731204Z', xid: '8811' },
    stop: { lsn: '2A/7A3F2B8', time: '2026-11-22T21:29:58.731204Z', xid: '8811' },
    times: [],
  },
};

export const samplePlan: RestorePlan = {
  runId: sampleRunId,
  createdAt: '2026-11-22T22:09:57.120Z',
  digest: sampleDigest,
  source: { url: 's3://backups/main', endpoint: 'https://s3.example.com', region: null },
  contents: {
    backup: {
      id: '20261120T020000',
      format: 'barman-cloud',
      folder: 'main/base/20261120T020000/',
      server: 'main',
      walFolder: 'main/wals/',
      name: null,
      status: 'complete',
      problem: null,
      startedAt: '2026-11-20T02:00:00Z',
      finishedAt: '2026-11-20T02:11:42Z',
      storedBytes: 13 * GiB,
      dataBytes: 41.3 * GiB,
      serverMajor: 17,
      systemIdentifier: '7563829104756382910',
      timeline: 3,
      beginLsn: '2A/28',
      endLsn: '2A/5000138',
      tablespaces: [{ oid: '16410', name: 'archive', location: '/mnt/archive' }],
    },
    archives: [
      {
        name: 'data.tar.gz',
        key: 'main/base/20261120T020000/data.tar.gz',
        sizeBytes: 11 * GiB,
        etag: '"9b2c"',
        codec: 'gzip',
        content: 'data',
        part: 0,
      },
      {
        name: '16410.tar.gz',
        key: 'main/base/20261120T020000/16410.tar.gz',
        sizeBytes: 2 * GiB,
        etag: '"77fe"',
        codec: 'gzip',
        content: { tablespace: '16410' },
        part: 0,
      },
    ],
    wal: {
      source: 'archive',
      segmentBytes: 16 * MiB,
      timeline: 3,
      beginSegment: '000000030000002A00000000',
      consistentSegment: '000000030000002A00000005',
      lastSegment: '000000030000002A00000007',
      objects: [
        { name: '00000003.history', key: 'main/wals/00000003.history', sizeBytes: 84, etag: '"01"' },
        ...[0, 1, 2, 3, 4, 5, 6, 7].map((number) => ({
          name: `000000030000002A0000000${number}`,
          key: `main/wals/000000030000002A/000000030000002A0000000${number}.gz`,
          sizeBytes: 4 * MiB,
          etag: `"1${number}"`,
        })),
      ],
    },
    manifestKey: null,
    dataBytes: 41.3 * GiB,
    dataBytesIsExact: false,
    problems: [],
    warnings: [],
  },
  selectedBecause: 'the newest of 5 complete backups',
  passedOver: [{ id: '20261121T020000', problem: 'data.tar.gz is missing: the backup was killed' }],
  target: {
    kind: 'docker-volume',
    volume: 'shop_pgdata',
    subpath: '.odo-tablespaces/16410',
    create: false,
    labels: {},
    access: 'direct',
    helperImage: 'postgres:17',
  },
  targetDescription: 'volume shop_pgdata',
  targetAction: 'clean',
  found: {
    exists: true,
    holds: 'data-directory',
    serverMajor: 17,
    systemIdentifier: '7563829104756382910',
  },
  removes:
    'a PostgreSQL 17 data directory, 40.9 GiB, system identifier 7563829104756382910 in volume shop_pgdata',
  access: 'direct',
  service: { kind: 'compose', service: 'db', file: '/srv/shop/compose.yaml', project: null },
  serviceDescription: 'Compose service db of /srv/shop/compose.yaml',
  serviceWasRunning: true,
  stopsFirst: true,
  switchOver: null,
  launcher: {
    kind: 'container',
    image: 'postgres:17',
    pgdata: '/var/lib/postgresql/data',
    mountPoint: '/var/lib/postgresql/data',
    owner: { uid: 999, gid: 999 },
    tablespaceMounts: [{ type: 'volume', source: 'shop_archive', destination: '/mnt/archive' }],
  },
  launcherDescription: 'PostgreSQL 17 of image postgres:17',
  imageId: `sha256:${'c4'.repeat(32)}`,
  serverMajor: 17,
  superuser: 'postgres',
  pgdata: '/var/lib/postgresql/data',
  owner: { uid: 999, gid: 999 },
  tablespaces: [
    {
      oid: '16410',
      name: 'archive',
      path: '',
      serverPath: '/mnt/archive',
      sourceLocation: '/mnt/archive',
      place: {
        target: {
          kind: 'docker-volume',
          volume: 'shop_archive',
          subpath: '',
          create: false,
          labels: {},
          access: 'direct',
          helperImage: 'postgres:17',
        },
        description: 'volume shop_archive',
        action: 'fill',
        access: 'direct',
      },
    },
  ],
  override: { path: '/srv/shop/confs/postgresql.auto.conf', sha256: '5f'.repeat(32) },
  promote: true,
  space: {
    neededBytes: 41.5 * GiB,
    neededIsExact: false,
    freeBytes: 12 * GiB,
    reclaimableBytes: 40.9 * GiB,
    reserveBytes: GiB,
  },
  spaceElsewhere: [
    {
      description: 'volume shop_archive (tablespace archive)',
      neededBytes: 2 * GiB,
      neededIsExact: false,
      freeBytes: 80 * GiB,
      reclaimableBytes: 0,
      reserveBytes: GiB,
    },
  ],
  expected: {
    phases: [
      expectedPhase('stopService', 3, 'alike', 4),
      expectedPhase('prepareTarget', 2, 'alike', 4),
      expectedPhase('restoreBase', 360, 'alike', 4),
      expectedPhase('restoreWal', 150, 'alike', 4),
      expectedPhase('configureRecovery', 1, 'alike', 5),
      expectedPhase('seal', 2, 'alike', 5),
      expectedPhase('recover', 22, 'others', 2),
      expectedPhase('promote', 30, 'others', 1),
      expectedPhase('configureDatabase', 1, 'alike', 4),
      expectedPhase('startService', 4, 'alike', 4),
      expectedPhase('verify', 10, 'alike', 4),
      expectedPhase('cleanUp', 1, 'assumed', 0),
    ],
    total: { ms: 436_000, lowMs: 348_800, highMs: 654_000 },
    outage: { ms: 425_000, lowMs: 340_000, highMs: 637_500 },
  },
  jobs: 4,
  checkpointBytes: 256 * MiB,
  ...dataPlaneDefaults,
  maxRateBytesPerSecond: 50 * MiB,
  warnings: ['The backup has no manifest: its files can be checked for completeness, not for content.'],
};

type Body<Type extends RunEvent['type']> = Omit<Extract<RunEvent, { type: Type }>, 'at' | 'runId'>;

const startMs = Date.parse('2026-11-22T22:09:55Z');
export const sampleEvent = <Type extends RunEvent['type']>(afterMs: number, body: Body<Type>): RunEvent =>
  ({ at: new Date(startMs + afterMs).toISOString(), runId: sampleRunId, ...body }) as RunEvent;

const failure = {
  code: 'STORAGE_UNAVAILABLE',
  message: 'The store did not answer for 5 minutes while data.tar.gz was read.',
  hint: `Go on when it answers again: odo resume ${sampleRunId}`,
  causes: ['connect ECONNREFUSED 203.0.113.7:443'],
} as const;

export const sampleProof: Body<'proof'>['item'] = {
  id: 'amcheck:shop',
  title: 'Tables and indexes of shop are sound',
  outcome: 'failed',
  summary:
    'btree index shop.public.orders_email: heap tuple (0,1) from table "orders" lacks matching index tuple within index "orders_email"',
  details: [],
  durationMs: 4120,
};

/** One of every type. */
export const sampleEvents = {
  run: sampleEvent<'run'>(0, {
    type: 'run',
    status: 'started',
    kind: 'restore',
    environment: {
      ...{ odoVersion: '0.1.0', nodeVersion: '24.21.0', host: 'db1', system: 'Linux 6.1.0-31-amd64' },
      ...{ cpus: 8, memoryBytes: 32 * GiB },
    },
  }),
  plan: sampleEvent<'plan'>(2_120, { type: 'plan', plan: samplePlan }),
  phase: sampleEvent<'phase'>(364_000, {
    type: 'phase',
    phase: 'restoreBase',
    state: 'completed',
    attempt: 1,
    durationMs: 362_000,
    facts: { archives: 2, files: 18_233, bytes: 41.3 * GiB, storedBytes: 13 * GiB },
  }),
  progress: sampleEvent<'progress'>(150_000, {
    type: 'progress',
    phase: 'restoreBase',
    unit: 'bytes',
    done: 5.4 * GiB,
    total: 13 * GiB,
    rate: 37 * MiB,
    etaMs: 212_000,
    item: 'data.tar.gz',
  }),
  checkpoint: sampleEvent<'checkpoint'>(151_000, {
    type: 'checkpoint',
    phase: 'restoreBase',
    item: 'data.tar.gz',
    bytes: 5.4 * GiB,
  }),
  'server-log': sampleEvent<'server-log'>(380_000, {
    type: 'server-log',
    line: 'LOG:  consistent recovery state reached at 2A/5000138',
  }),
  proof: sampleEvent<'proof'>(398_000, { type: 'proof', item: sampleProof }),
  recovery: sampleEvent<'recovery'>(392_000, {
    type: 'recovery',
    phase: 'promote',
    state: 'target-reached',
    says: 'recovery stopping before commit of transaction 8812, time 2026-11-22 21:30:04.118027+00',
    stop: {
      side: 'before',
      what: 'commit',
      xid: '8812',
      lsn: null,
      name: null,
      time: '2026-11-22T21:30:04.118027Z',
    },
  } as Body<'recovery'>),
  notice: sampleEvent<'notice'>(380_100, {
    type: 'notice',
    level: 'warning',
    message: 'The image is of another glibc than the backup: reindex text columns after the restore.',
  }),
  refused: sampleEvent<'refused'>(2_500, {
    type: 'refused',
    error: {
      code: 'NOT_ENOUGH_SPACE',
      message: 'volume shop_pgdata has room for 12.0 GiB, but the restore needs about 41.5 GiB.',
      hint: 'Free some space, or restore into another place.',
      causes: [],
    },
    others: [
      {
        code: 'TARGET_IN_USE',
        message: 'volume shop_pgdata is in use by container adminer.',
        hint: 'Stop it first.',
        causes: [],
      },
    ],
  }),
  failed: sampleEvent<'failed'>(152_000, { type: 'failed', phase: 'restoreBase', error: failure }),
  interrupted: sampleEvent<'interrupted'>(152_000, { type: 'interrupted', phase: 'restoreBase' }),
  held: sampleEvent<'held'>(390_000, {
    type: 'held',
    reason: 'at-target',
    verdict: null,
    facts: {
      heldBy: 'pause',
      lsn: '2A/71C0F18',
      stoppedAt: 'recovery stopping before commit of transaction 90412, time 2026-11-22 13:05:00.112+00',
      time: '2026-11-22T13:05:00.112Z',
      xid: '90412',
      lastTransaction: '2026-11-22T13:04:58.401Z',
      superuser: 'postgres',
      look: 'docker exec -it odo-20261122-220955-k3f9-server psql -h /run/odo -p 5432 -U postgres -d postgres',
    },
  }),
  declined: sampleEvent<'declined'>(20_000, { type: 'declined' }),
  abandoned: sampleEvent<'abandoned'>(500_000, { type: 'abandoned', target: 'volume shop_pgdata' }),
  evidence: sampleEvent<'evidence'>(410_200, {
    type: 'evidence',
    kind: 'report',
    where: '/srv/reports/orders.html',
    problem: null,
  }),
  completed: sampleEvent<'completed'>(410_000, {
    type: 'completed',
    durationMs: 410_000,
    verdict: null,
    facts: {
      systemIdentifier: '7563829104756382910',
      timeline: 4,
      serverVersion: '17.6',
      verifiedBy: 'query',
    },
  }),
} satisfies { [Type in RunEvent['type']]: RunEvent };

const done = (
  ms: number,
  phase: Body<'phase'>['phase'],
  durationMs: number,
  facts: Body<'phase'>['facts'] = {},
): RunEvent =>
  sampleEvent<'phase'>(ms, { type: 'phase', phase, state: 'completed', attempt: 1, durationMs, facts });
const begun = (ms: number, phase: Body<'phase'>['phase']): RunEvent =>
  sampleEvent<'phase'>(ms, { type: 'phase', phase, state: 'started', attempt: 1 });

const recovered = (ms: number, phase: Body<'phase'>['phase'], milestone: RecoveryMilestone): RunEvent =>
  sampleEvent<'recovery'>(ms, { type: 'recovery', phase, ...milestone } as Body<'recovery'>);

/** In the middle of the replay. */
export const sampleReplay = sampleEvent<'progress'>(386_000, {
  type: 'progress',
  phase: 'promote',
  unit: 'wal-bytes',
  done: 60_000_000,
  total: 127_910_688,
  item: '000000030000002A00000003',
  lsn: '2A/3938728',
  targetLsn: '2A/79FC320',
  commitTime: '2026-11-22T20:41:12.30718Z',
  targetTime: '2026-11-22T21:29:58.7304Z',
  percent: 46.9,
  rate: 85 * MiB,
  etaMs: 125_000,
} as Body<'progress'>);

/** A run up to the middle of its two parallel phases. */
export const halfARun: readonly RunEvent[] = [
  sampleEvents.run,
  begun(0, 'preflight'),
  done(1_900, 'preflight', 1_900, { backup: '20261120T020000', target: 'volume shop_pgdata' }),
  begun(1_900, 'plan'),
  done(2_100, 'plan', 200, { backup: '20261120T020000' }),
  sampleEvents.plan,
  begun(8_000, 'stopService'),
  done(10_300, 'stopService', 2_300),
  begun(10_300, 'prepareTarget'),
  done(12_000, 'prepareTarget', 1_700),
  begun(12_000, 'restoreBase'),
  begun(12_000, 'restoreWal'),
  sampleEvent<'progress'>(149_000, {
    type: 'progress',
    phase: 'restoreWal',
    unit: 'segments',
    done: 3,
    total: 8,
    rate: 0.4,
    etaMs: 12_500,
    item: '000000030000002A00000003',
  }),
  { ...sampleEvents.checkpoint, at: new Date(startMs + 146_000).toISOString() },
  sampleEvents.progress,
];

/** The rest of it. */
export const otherHalf: readonly RunEvent[] = [
  done(170_000, 'restoreWal', 158_000, { segments: 8, ofSegments: 8, bytes: 128 * MiB }),
  sampleEvents.phase,
  begun(364_000, 'configureRecovery'),
  done(364_100, 'configureRecovery', 100),
  begun(364_100, 'seal'),
  done(366_000, 'seal', 1_900),
  begun(366_000, 'recover'),
  sampleEvents['server-log'],
  sampleEvents.notice,
  recovered(380_000, 'recover', { state: 'consistent', lsn: '2A/5000138' }),
  done(390_000, 'recover', 24_000),
  begun(390_000, 'promote'),
  sampleEvents.recovery,
  recovered(392_100, 'promote', {
    state: 'replayed',
    lsn: '2A/7F31A20',
    lastTransaction: '2026-11-22T21:29:58.7304Z',
  }),
  recovered(393_800, 'promote', { state: 'promoted', timeline: 4 }),
  done(394_000, 'promote', 4_000),
  begun(394_000, 'configureDatabase'),
  done(394_200, 'configureDatabase', 200),
  begun(394_200, 'startService'),
  done(398_000, 'startService', 3_800),
  begun(398_000, 'verify'),
  done(409_000, 'verify', 11_000),
  begun(409_000, 'cleanUp'),
  done(410_000, 'cleanUp', 1_000),
  sampleEvents.completed,
];

export const sampleStatus: RunStatus = {
  runId: sampleRunId,
  kind: 'restore',
  runKey: null,
  status: 'running',
  verdict: null,
  abandonedAt: null,
  startedAt: '2026-11-22T22:09:55.000Z',
  endedAt: null,
  source: 's3://backups/main',
  backup: '20261120T020000',
  target: 'volume shop_pgdata',
  service: 'Compose service db of /srv/shop/compose.yaml',
  planDigest: sampleDigest,
  planFile: '/srv/shop/restore-plan.json',
  currentPhase: 'restoreBase',
  phases: [
    {
      phase: 'preflight',
      state: 'completed',
      attempts: 1,
      startedAt: '2026-11-22T22:09:55.000Z',
      endedAt: '2026-11-22T22:09:56.900Z',
      facts: null,
    },
    {
      phase: 'restoreBase',
      state: 'running',
      attempts: 2,
      startedAt: '2026-11-22T22:10:07.000Z',
      endedAt: null,
      facts: null,
    },
    { phase: 'recover', state: 'pending', attempts: 0, startedAt: null, endedAt: null, facts: null },
  ],
  baseBytes: { done: 5.4 * GiB, total: 13 * GiB },
  replay: null,
  recovery: [],
  lastCheckpointAt: '2026-11-22T22:12:26.000Z',
  heldBy: 'process 4711 on db1',
  error: null,
  held: null,
  next: null,
};
