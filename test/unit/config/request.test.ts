import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FlagValues, loadSettings } from '../../../src/config/load.ts';
import { toRecoveryChange, toRestoreRequest, toSource } from '../../../src/config/request.ts';
import { settingKeys } from '../../../src/config/schema.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { recoveryDefaults } from '../../../src/steps/restore-request.ts';

const clock = { nowMs: Date.parse('2026-11-27T20:07:00Z'), timeZone: 'UTC' };
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'odo-request-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const url = 's3://backups/main';
const request = (flags: FlagValues, env: Record<string, string> = {}) =>
  toRestoreRequest(loadSettings({ flags, env, cwd, keys: settingKeys, clock }), cwd);

function usageOf(flags: FlagValues): string {
  try {
    request(flags);
  } catch (error) {
    if (!(error instanceof OdoError)) throw error;
    expect(error.code).toBe('USAGE');
    const problems = error.details?.problems as { text: string }[] | undefined;
    return problems?.map(({ text }) => text).join('\n') ?? error.message;
  }
  throw new Error('nothing was thrown');
}

it('makes a request from the flags of an old script, without the credentials', () => {
  writeFileSync(join(cwd, 'docker.yml'), '');
  const made = request({
    url,
    endpoint: 'https://s3.example.com',
    accessKey: 'AKIA',
    secretKey: 'sekret',
    region: 'eu',
    volume: 'pgdata',
    service: 'db',
    composeFile: 'docker.yml',
    override: true,
  });
  expect(made).toEqual({
    source: { url, endpoint: 'https://s3.example.com', region: 'eu' },
    backup: 'latest',
    walUrl: null,
    before: null,
    replaceSystemId: null,
    tablespaces: [],
    server: null,
    target: { kind: 'volume', name: 'pgdata' },
    volumeAccess: 'auto',
    service: { kind: 'compose', service: 'db', file: join(cwd, 'docker.yml'), project: null },
    image: null,
    binDir: null,
    overrideFile: join(cwd, 'confs/postgresql.auto.conf'),
    keepsConfiguration: false,
    owner: 'auto',
    promote: true,
    recovery: recoveryDefaults,
    confirmed: false,
    reserveBytes: 1024 ** 3,
    jobs: 'auto',
    checkpointBytes: 256 * 1024 ** 2,
    maxRateBytesPerSecond: null,
    background: false,
    sync: true,
    publishIndex: false,
    pageChecksums: 'off',
    memoryBytes: null,
    runKey: null,
    evidence: { reports: [], metricsFile: null, notifyUrl: null },
  });
  expect(JSON.stringify(made)).not.toContain('sekret');
});

it('reads sizes, owner, override file and target of other kinds', () => {
  expect(
    request({
      url,
      newVolume: 'fresh',
      owner: '70:70',
      reserve: '8GiB',
      checkpointSize: '512MB',
      override: 'my.conf',
    }),
  ).toMatchObject({
    target: { kind: 'new-volume', name: 'fresh', present: null },
    service: { kind: 'none' },
    owner: { uid: 70, gid: 70 },
    reserveBytes: 8 * 1024 ** 3,
    checkpointBytes: 512_000_000,
    overrideFile: join(cwd, 'my.conf'),
  });
  expect(request({ url, dataDir: 'data', local: true, pgBin: '/usr/lib/postgresql/17/bin' })).toMatchObject({
    target: { kind: 'data-directory', path: join(cwd, 'data') },
    service: { kind: 'local', binDir: '/usr/lib/postgresql/17/bin', dataDirectory: join(cwd, 'data') },
    binDir: '/usr/lib/postgresql/17/bin',
  });
});

it('reads how fast, how carefully and with what means to work', () => {
  expect(
    request({
      url,
      volume: 'a',
      jobs: '7',
      maxRate: '50MB/s',
      background: true,
      sync: false,
      publishIndex: true,
      pageChecksums: 'stream',
      memory: '128MiB',
    }),
  ).toMatchObject({
    jobs: 7,
    maxRateBytesPerSecond: 50_000_000,
    background: true,
    sync: false,
    publishIndex: true,
    pageChecksums: 'stream',
    memoryBytes: 128 * 1024 ** 2,
  });
});

it('takes -v beside -V for the volume that the service has now', () => {
  expect(request({ url, volume: 'old', newVolume: 'fresh' })).toMatchObject({
    target: { kind: 'new-volume', name: 'fresh', present: 'old' },
  });
});

it('does what the container image did, from environment variables alone', () => {
  const env = {
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_SECRET_ACCESS_KEY: 'sekret',
    AWS_DEFAULT_REGION: 'eu',
    S3_BACKUP_URL: url,
    ODO_DATA_DIR: '/data',
    ODO_YES: '1',
    ODO_OWNER: '999:999',
  };
  expect(request({}, env)).toMatchObject({
    source: { url, region: 'eu' },
    target: { path: '/data' },
    owner: { uid: 999, gid: 999 },
    confirmed: true,
  });
});

it('prepares the volume of a container, and looks for backups below the address that it was given', () => {
  const env = { S3_BACKUP_URL: `${url}/`, S3_BACKUP_PATH: '/pg', S3_SEARCH_PREFIX: 'orders' };
  expect(request({ prepareVolume: '/data' }, env)).toMatchObject({
    source: { url: 's3://backups/main/pg/orders' },
    target: { kind: 'data-directory', path: '/data', isVolume: true },
    service: { kind: 'none' },
    preparesOnly: true,
    runKey: 'volume /data',
    confirmed: false,
  });
});

it('prepares only what a server can recover that odo does not run', () => {
  const flags = { url, dataDir: '/srv/pg', prepareOnly: true };
  expect(request(flags)).toMatchObject({ preparesOnly: true, target: { path: '/srv/pg' } });
  expect(request(flags)).not.toHaveProperty('runKey', 'volume /srv/pg');
  expect(usageOf({ ...flags, local: true })).toContain('leave out the service');
  expect(usageOf({ ...flags, promote: false })).toContain('leave out --no-promote');
  expect(usageOf({ ...flags, standby: true, primaryConninfo: 'host=db1' })).toContain('leave out --standby');
});

it('finds the Compose file where Compose does', () => {
  const flags = { url, volume: 'v', service: 'db' };
  expect(usageOf(flags)).toContain('Say which Compose file has the service db: -f FILE');
  writeFileSync(join(cwd, 'docker-compose.yml'), '');
  expect(request(flags).service).toMatchObject({ file: join(cwd, 'docker-compose.yml') });
  writeFileSync(join(cwd, 'compose.yaml'), '');
  expect(request(flags).service).toMatchObject({ file: join(cwd, 'compose.yaml') });
});

it.each<[string, FlagValues, string]>([
  ['two targets', { url, newVolume: 'b', dataDir: 'c' }, 'Choose one target: -V and --data-dir were given'],
  [
    'a directory and a volume',
    { url, volume: 'a', dataDir: 'b' },
    'Choose one target: -v and --data-dir were given',
  ],
  [
    'two services',
    { url, volume: 'a', service: 'db', container: 'pg' },
    'Choose one service: -n and --container were given',
  ],
  [
    'a recovery target in the future',
    { url, dataDir: '/data', targetTime: '2026-11-27T20:07:00.001Z' },
    '--target-time is 2026-11-27T20:07:00.001Z, which lies in the future: it is 2026-11-27T20:07:00.000Z now. To recover to the end of the WAL, leave it out',
  ],
  ['no target', { url }, 'Say where to restore: -v VOLUME, -V NEW_VOLUME or --data-dir DIR'],
  ['no source', { volume: 'a' }, 'Say where the backups lie: -u'],
  ['a local server on a volume', { url, volume: 'a', local: true }, '--local is the server of this host'],
  [
    'a new volume for a container',
    { url, newVolume: 'a', container: 'pg' },
    '-V lets the service use a new volume, which only a Compose service can',
  ],
  [
    'a Compose file for nobody',
    { url, volume: 'a', composeFile: 'c.yaml' },
    '-f is of use only with a Compose service: add -n SERVICE',
  ],
  [
    'a Compose file that is not there',
    { url, volume: 'a', service: 'db', composeFile: 'c.yaml' },
    'c.yaml does not exist (flag -f)',
  ],
])('refuses %s', (_, flags, text) => {
  expect(usageOf(flags)).toContain(text);
});

it('takes tablespaces for a directory or with a service, whose mounts tell where they lie', () => {
  const tablespace = ['cold=/srv/cold'];
  expect(request({ url: 's3://b/p', dataDir: '/srv/pg', tablespace }).tablespaces).toEqual([
    { tablespace: 'cold', directory: '/srv/cold' },
  ]);
  expect(usageOf({ url: 's3://b/p', volume: 'pgdata', tablespace })).toMatch(
    /--tablespace with a volume needs/,
  );
  expect(
    request({ url: 's3://b/p', volume: 'pgdata', container: 'db', tablespace }).tablespaces,
  ).toHaveLength(1);
});

it('tells everything that does not fit together at once', () => {
  expect(usageOf({}).split('\n')).toHaveLength(2);
});

describe('the endpoint', () => {
  const source = (url: string, env: Record<string, string>) =>
    toSource(loadSettings({ flags: { url }, env, cwd, keys: settingKeys, clock })).endpoint;

  it('of AWS variables is for S3 only', () => {
    const env = { AWS_ENDPOINT_URL: 'http://minio:9000' };
    expect(source('s3://bucket', env)).toBe('http://minio:9000');
    expect(source('azure://shop/backups', env)).toBeNull();
    expect(source('gs://bucket', { ...env, ODO_ENDPOINT: 'http://x:1' })).toBe('http://x:1');
  });

  it('of a storage emulator is for gs:// only, with and without a scheme', () => {
    const env = { STORAGE_EMULATOR_HOST: 'localhost:4443' };
    expect(source('gs://bucket', env)).toBe('http://localhost:4443');
    expect(source('gs://bucket', { STORAGE_EMULATOR_HOST: 'https://x' })).toBe('https://x');
    expect(source('s3://bucket', env)).toBeNull();
  });
});

it('takes times in words by the clock it is given, and says what it took them for', () => {
  const berlin = { ...clock, timeZone: 'Europe/Berlin' };
  const loaded = loadSettings({
    flags: { url, dataDir: '/data', targetTime: '10 minutes ago' },
    env: { ODO_BEFORE: 'yesterday 14:00' },
    cwd,
    keys: settingKeys,
    clock: berlin,
  });
  const made = toRestoreRequest(loaded, cwd);
  expect(made).toMatchObject({
    before: '2026-11-26T13:00:00.000Z',
    recovery: { target: { kind: 'time', time: '2026-11-27T19:57:00.000Z', inclusive: true } },
    readings: [
      'before: yesterday 14:00 = 2026-11-26T13:00:00Z (14:00 in this host’s zone, Europe/Berlin)',
      'target-time: 10 minutes ago = 2026-11-27T19:57:00Z (20:57 in this host’s zone, Europe/Berlin)',
    ],
  });
});

it('says what words were taken for also when a run goes on to another target, unless they are not of the flag', () => {
  const change = (flags: FlagValues) =>
    toRecoveryChange(
      loadSettings({ flags, env: { ODO_TARGET_TIME: '3 hours ago' }, cwd, keys: settingKeys, clock }),
    );
  expect(change({ targetTime: '10 minutes ago' })).toMatchObject({
    target: { kind: 'time', time: '2026-11-27T19:57:00.000Z' },
    readings: ['target-time: 10 minutes ago = 2026-11-27T19:57:00Z (19:57 in this host’s zone, UTC)'],
  });
  expect(change({ targetAction: 'pause' })).toEqual({ target: null, timeline: null, action: 'pause' });
  expect(change({})).toBeNull();
});

describe('another target for a run that goes on', () => {
  const change = (flags: FlagValues, env: Record<string, string> = {}) =>
    toRecoveryChange(loadSettings({ flags, env, cwd, keys: settingKeys, clock }));

  it('is what the command line says, and nothing else', () => {
    expect(change({}, { ODO_TARGET_LSN: '0/5000000', ODO_TARGET_ACTION: 'pause' })).toBeNull();
    expect(change({ targetAction: 'shutdown' }, { ODO_TARGET_LSN: '0/5000000' })).toEqual({
      target: null,
      timeline: null,
      action: 'shutdown',
    });
    expect(change({ targetXid: '800', targetInclusive: false, targetTimeline: '2' })).toEqual({
      target: { kind: 'xid', xid: '800', inclusive: false },
      timeline: 2,
      action: null,
    });
  });

  it.each([
    [{ targetXid: '800', targetLsn: '0/5000000' }, /Choose one recovery target/],
    [{ targetInclusive: false }, /only together with a target/],
    [{ targetTime: '2026-11-28T00:00:00Z' }, /in the future/],
  ] as const)('%j is refused', (flags, message) => {
    expect(() => change(flags)).toThrow(OdoError);
    try {
      change(flags);
    } catch (error) {
      expect((error as OdoError).message + JSON.stringify((error as OdoError).details ?? {})).toMatch(
        message,
      );
      expect((error as OdoError).hint).toMatch(/odo resume --help/);
    }
  });
});

it('a standby is followed without a password in its connection string, and never promoted', () => {
  const standby = { url, dataDir: '/d', standby: true } as const;
  const refused = usageOf({ ...standby, primaryConninfo: 'host=db1 password=sekret', promote: false });
  expect(refused).toMatch(/ODO_PRIMARY_PASSWORD/);
  expect(refused).toMatch(/leave out --no-promote/);
  expect(refused).not.toContain('sekret');
  const made = request(
    { ...standby, primaryConninfo: 'host=db1', primarySlot: 'db2' },
    { ODO_PRIMARY_PASSWORD: 'sekret' },
  );
  expect(made.recovery?.standby).toEqual({
    primaryConninfo: 'host=db1',
    primarySlot: 'db2',
    hasPassword: true,
  });
  expect(JSON.stringify(made)).not.toContain('sekret');
});
