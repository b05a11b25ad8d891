import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toDrillRequest } from '../../../src/config/drill-request.ts';
import { type FlagValues, loadSettings } from '../../../src/config/load.ts';
import { settingKeys } from '../../../src/config/schema.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { recoveryDefaults } from '../../../src/steps/restore-request.ts';

const clock = { nowMs: Date.parse('2026-11-27T20:07:00Z'), timeZone: 'UTC' };
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'odo-drill-request-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const url = 's3://backups/main';
const request = (flags: FlagValues, env: Record<string, string> = {}) =>
  toDrillRequest(loadSettings({ flags: { url, ...flags }, env, cwd, keys: settingKeys, clock }), cwd);

function usageOf(flags: FlagValues, env: Record<string, string> = {}): string {
  try {
    request(flags, env);
  } catch (error) {
    if (error instanceof OdoError && error.code === 'USAGE')
      return `${error.message} ${JSON.stringify(error.details)}`;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('where a drill restores', () => {
  it('makes a volume of its own, whatever volume the service has', () => {
    const volume = { kind: 'new-volume', name: 'odo-drill', present: null };
    expect(request({}).target).toEqual(volume);
    expect(request({ container: 'db', volume: 'pgdata' }).target).toEqual(volume);
    expect(request({ newVolume: 'fresh' }).target).toEqual(volume);
  });

  it('makes a directory below --drill-dir, else beside the data directory', () => {
    const data = join(cwd, 'data');
    mkdirSync(data);
    const beside = { kind: 'data-directory', path: join(cwd, 'odo-drill') };
    expect(request({ dataDir: data }).target).toEqual(beside);
    expect(request({ dataDir: data, local: true }).target).toEqual(beside);
    expect(request({ dataDir: data, drillDir: data }).target).toEqual({
      kind: 'data-directory',
      path: join(data, 'odo-drill'),
    });
  });

  it('looks at a server of this host only where its data directory is named', () => {
    mkdirSync(join(cwd, 'data'));
    expect(request({ local: true, drillDir: cwd }).service).toEqual({ kind: 'none' });
    expect(request({ local: true, dataDir: join(cwd, 'data') }).service).toMatchObject({ kind: 'local' });
  });

  it('refuses a place that is not there, since it would be left behind', () => {
    expect(usageOf({ drillDir: '/no/such/place' })).toMatch(/\/no\/such\/place, in which the drill/);
  });

  it('refuses a directory for the PostgreSQL of this host when the service runs in a container', () => {
    expect(usageOf({ drillDir: cwd, container: 'db' })).toMatch(/--drill-dir is for the PostgreSQL of this/);
    expect(usageOf({ local: true })).toMatch(/--drill-dir DIR/);
  });
});

describe('what a restore does and a drill does not', () => {
  it.each([
    [{ standby: true, primaryConninfo: 'host=primary' }, /--standby and --primary-conninfo/],
    [{ promote: false }, /--no-promote.*use --keep/],
    [{ targetAction: 'pause' }, /--target-action.*use --keep/],
    [{ targetAction: 'shutdown' }, /--target-action/],
    [{ tablespace: ['cold=/mnt/cold'] }, /--tablespace.*inside its own data directory/],
    [{ override: true }, /own configuration/],
  ] satisfies [FlagValues, RegExp][])('refuses %j', (flags, words) => {
    expect(usageOf(flags)).toMatch(words);
  });

  it('is left out where it stands in the environment or in odo.yaml', () => {
    writeFileSync(join(cwd, 'odo.yaml'), 'tablespace: cold=/mnt/cold\npromote: false\n');
    const env = {
      ODO_STANDBY: 'yes',
      ODO_PRIMARY_CONNINFO: 'host=primary',
      ODO_TARGET_ACTION: 'pause',
      ODO_TARGET_TIME: '2026-11-27T12:00:00Z',
    };
    expect(request({}, env)).toMatchObject({
      tablespaces: [],
      overrideFile: null,
      promote: true,
      confirmed: true,
      recovery: {
        ...recoveryDefaults,
        target: { kind: 'time', time: '2026-11-27T12:00:00.000Z', inclusive: true },
      },
    });
  });

  it('says everything that does not fit at once', () => {
    const words = usageOf({ promote: false, local: true });
    for (const part of [/--no-promote/, /--drill-dir/]) expect(words).toMatch(part);
  });
});

describe('what a drill proves', () => {
  it('is all that needs no permission, unless it was said otherwise', () => {
    expect(request({})).toMatchObject({
      pageChecksums: 'auto',
      drill: {
        keep: false,
        port: null,
        amcheck: 'heapallindexed',
        dump: false,
        limits: { maxRtoMs: null, maxRpoMs: null, maxRegression: null },
        database: null,
      },
      runKey: null,
      evidence: { reports: [], metricsFile: null, notifyUrl: null },
    });
    expect(request({ pageChecksums: 'off' }).pageChecksums).toBe('off');
  });

  it('asks what odo.yaml asks of this database', () => {
    writeFileSync(
      join(cwd, 'odo.yaml'),
      'databases:\n  orders:\n    assertions:\n      - { name: fresh, sql: select max(at) from orders, max-age: 15m }\n',
    );
    const loaded = loadSettings({
      flags: { url },
      env: {},
      cwd,
      keys: settingKeys,
      clock,
      database: 'orders',
    });
    expect(toDrillRequest(loaded, cwd).drill).toMatchObject({
      database: 'orders',
      assertions: [{ name: 'fresh', expect: { kind: 'max-age', ms: 900_000 } }],
    });
  });

  it('reads its limits, and the evidence that is left', () => {
    const flags = {
      keep: true,
      port: 'auto',
      amcheck: 'tables',
      dump: true,
      maxRto: '15m',
      maxRpo: '90s',
      maxRegression: '50%',
      runKey: 'nightly-orders',
      report: ['drill.html', '/var/tmp/drill.xml'],
      metricsFile: 'odo.prom',
      notify: 'https://hooks.example.com/odo',
    };
    const made = request(flags, { ODO_NOTIFY_SECRET: 'only-known-to-both' });
    expect(made.drill).toMatchObject({
      keep: true,
      port: 'auto',
      amcheck: 'tables',
      dump: true,
      limits: { maxRtoMs: 900_000, maxRpoMs: 90_000, maxRegression: 0.5 },
    });
    expect(made.runKey).toBe('nightly-orders');
    expect(made.evidence).toEqual({
      reports: [join(cwd, 'drill.html'), '/var/tmp/drill.xml'],
      metricsFile: join(cwd, 'odo.prom'),
      notifyUrl: 'https://hooks.example.com/odo',
    });
  });

  it('posts nothing that is not signed, and keeps the secret out of the request', () => {
    const notify = 'https://hooks.example.com/odo';
    expect(usageOf({ notify })).toContain('ODO_NOTIFY_SECRET');
    expect(JSON.stringify(request({ notify }, { ODO_NOTIFY_SECRET: 'only-known' }))).not.toContain(
      'only-known',
    );
  });
});
