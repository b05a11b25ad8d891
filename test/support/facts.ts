import type { BackupContents, BaseBackup } from '../../src/backup/base-backup.ts';
import { noServiceFacts } from '../../src/service/none.ts';
import { dataPlaneDefaults } from '../../src/steps/data-plane-options.ts';
import type { DrillRequest } from '../../src/steps/drill-request.ts';
import type { PreflightFacts } from '../../src/steps/facts.ts';
import { type RestoreRequest, recoveryDefaults } from '../../src/steps/restore-request.ts';

/** Facts of a healthy restore, for tests of pure code; every test changes what it is about. */
export const healthyBackup: BaseBackup = {
  id: '20261120T020000',
  format: 'barman-cloud',
  folder: 'pg/main/base/20261120T020000/',
  server: 'main',
  walFolder: 'pg/main/wals/',
  name: null,
  status: 'complete',
  problem: null,
  startedAt: '2026-11-20T02:00:00Z',
  finishedAt: '2026-11-20T02:05:00Z',
  storedBytes: 100,
  dataBytes: 1000,
  serverMajor: 17,
  systemIdentifier: '7711119019082474104',
  timeline: 1,
  beginLsn: '0/2000028',
  endLsn: '0/3000000',
  tablespaces: [],
};

export const healthyContents: BackupContents = {
  backup: healthyBackup,
  archives: [
    { name: 'data.tar.gz', key: 'k', sizeBytes: 100, etag: '"e"', codec: 'gzip', content: 'data', part: 0 },
  ],
  wal: {
    source: 'archive',
    segmentBytes: 16 * 1024 * 1024,
    timeline: 1,
    beginSegment: '000000010000000000000002',
    consistentSegment: '000000010000000000000002',
    lastSegment: '000000010000000000000003',
    objects: [],
  },
  manifestKey: null,
  dataBytes: 1000,
  dataBytesIsExact: true,
  problems: [],
  warnings: [],
};

export const healthyFacts: PreflightFacts = {
  gatheredAt: '2026-11-23T00:00:00Z',
  contents: healthyContents,
  passedOver: [],
  service: noServiceFacts,
  target: {
    description: 'directory /srv/pg',
    exists: true,
    location: '/srv/pg',
    fileSystem: '2049',
    tablespaceLocations: [],
    holds: 'nothing',
    serverMajor: null,
    systemIdentifier: null,
    owner: null,
    heldByRun: null,
    liveUsers: [],
    access: 'direct',
    freeBytes: 10_000,
    usedBytes: 0,
    refusal: null,
  },
  targetSpec: { kind: 'data-directory', path: '/srv/pg' },
  dataMount: null,
  pgdata: '/srv/pg',
  launcher: {
    spec: { kind: 'local', binDir: '/usr/lib/postgresql/17/bin', owner: { uid: 999, gid: 999 } },
    serverMajor: 17,
    description: 'PostgreSQL 17 in /usr/lib/postgresql/17/bin',
    missing: null,
  },
  closedParent: null,
  tablespaces: [],
};

export const plainRequest: RestoreRequest = {
  source: { url: 's3://bucket/pg', endpoint: null, region: null },
  backup: 'latest',
  server: null,
  target: { kind: 'data-directory', path: '/srv/pg' },
  volumeAccess: 'auto',
  service: { kind: 'none' },
  image: null,
  binDir: null,
  overrideFile: null,
  owner: 'auto',
  promote: true,
  recovery: recoveryDefaults,
  confirmed: false,
  reserveBytes: 0,
  jobs: 2,
  checkpointBytes: 256 * 1024 * 1024,
  ...dataPlaneDefaults,
};

export const plainDrill: DrillRequest = {
  keep: false,
  port: null,
  amcheck: 'heapallindexed',
  dump: false,
  assertions: [],
  limits: { maxRtoMs: null, maxRpoMs: null, maxRegression: null },
  database: null,
};
