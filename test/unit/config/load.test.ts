import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveCredentials } from '../../../src/config/credentials.ts';
import { type FlagValues, loadSettings } from '../../../src/config/load.ts';
import { settingKeys } from '../../../src/config/schema.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';

const clock = { nowMs: Date.parse('2026-11-27T20:07:00Z'), timeZone: 'UTC' };
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'odo-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const load = (flags: FlagValues = {}, env: Record<string, string> = {}, keys = settingKeys) =>
  loadSettings({ flags, env, cwd, keys, clock });
const file = (name: string, ...lines: string[]): void =>
  writeFileSync(join(cwd, name), `${lines.join('\n')}\n`);

function problemsOf(work: () => unknown): { text: string; line: number | null; key: string }[] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof OdoError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    return error.details?.problems as { text: string; line: number | null; key: string }[];
  }
  throw new Error('nothing was thrown');
}

describe('precedence', () => {
  it('is flags, environment, .env, odo.yaml, defaults, and each value tells where it is from', () => {
    file('odo.yaml', '# settings', 'url: s3://yaml/a', 'endpoint: https://yaml', 'region: yaml', 'jobs: 8');
    file(
      '.env',
      'POSTGRES_PASSWORD=x',
      '',
      'ODO_URL=s3://dotenv/a',
      'ODO_ENDPOINT=https://dotenv',
      'ODO_REGION=dotenv',
    );
    const { settings, provenance } = load(
      { url: 's3://flag/a' },
      { ODO_URL: 's3://env/a', ODO_ENDPOINT: 'https://env' },
    );
    expect(settings).toMatchObject({
      url: 's3://flag/a',
      endpoint: 'https://env',
      region: 'dotenv',
      jobs: 8,
      backup: 'latest',
      checkpointSize: 256 * 1024 ** 2,
    });
    expect(provenance).toMatchObject({
      url: 'flag -u',
      endpoint: 'environment ODO_ENDPOINT',
      region: '.env line 5',
      jobs: 'odo.yaml line 5',
      backup: 'default',
    });
  });

  it('takes the names of AWS and of the first container image, ODO_ first', () => {
    const env = {
      S3_BACKUP_URL: 's3://old',
      S3_ENDPOINT: 'https://old',
      AWS_DEFAULT_REGION: 'a',
      AWS_REGION: 'b',
    };
    expect(load({}, env).settings).toMatchObject({ url: 's3://old', endpoint: 'https://old', region: 'b' });
    const newer = {
      ...env,
      ODO_URL: 's3://new',
      AWS_ENDPOINT_URL: 'https://one',
      AWS_ENDPOINT_URL_S3: 'https://s3',
    };
    expect(load({}, newer).settings).toMatchObject({ url: 's3://new', endpoint: 'https://s3' });
  });

  it('takes an empty variable and an empty YAML value as not set', () => {
    file('odo.yaml', 'region:', 'jobs: 2');
    const { settings, provenance } = load({}, { ODO_JOBS: '' });
    expect(settings.region).toBeNull();
    expect(settings.jobs).toBe(2);
    expect(provenance.jobs).toBe('odo.yaml line 2');
  });

  it('lets a target of a stronger layer hide the one of a weaker layer', () => {
    file('odo.yaml', 'volume: pgdata', 'service: db');
    const { settings, provenance } = load({ newVolume: 'fresh', container: 'pg' });
    expect(settings).toMatchObject({ volume: null, newVolume: 'fresh', service: null, container: 'pg' });
    expect(provenance.volume).toBe('default');
  });

  it('lets --promote and --no-promote override odo.yaml', () => {
    file('odo.yaml', 'promote: false');
    expect(load().settings.promote).toBe(false);
    expect(load({ promote: true }).settings.promote).toBe(true);
    expect(load({ promote: false }).provenance.promote).toBe('flag --no-promote');
  });

  it('lets --sync and --no-sync override odo.yaml', () => {
    file('odo.yaml', 'sync: false');
    expect(load().settings.sync).toBe(false);
    expect(load({ sync: true }).settings.sync).toBe(true);
    file('odo.yaml', '');
    expect(load().settings.sync).toBe(true);
    expect(load({ sync: false }).provenance.sync).toBe('flag --no-sync');
  });

  it('takes the limits from every place', () => {
    file('odo.yaml', 'max-rate: 50MiB/s', 'publish-index: true');
    file('.env', 'ODO_MEMORY=128MiB', 'ODO_PAGE_CHECKSUMS=yes');
    const { settings, provenance } = load({ jobs: 'auto' }, { ODO_BACKGROUND: '1', ODO_JOBS: '3' });
    expect(settings).toMatchObject({
      jobs: 'auto',
      maxRate: 50 * 1024 ** 2,
      background: true,
      memory: 128 * 1024 ** 2,
      pageChecksums: 'stream',
      publishIndex: true,
    });
    expect(provenance).toMatchObject({
      jobs: 'flag --jobs',
      maxRate: 'odo.yaml line 1',
      background: 'environment ODO_BACKGROUND',
      memory: '.env line 1',
      pageChecksums: '.env line 2',
      publishIndex: 'odo.yaml line 2',
    });
  });

  it('takes tablespaces from every place, as a map in odo.yaml', () => {
    const places = () => load().settings.tablespace?.map((one) => `${one.tablespace} ${one.directory}`);
    file('odo.yaml', 'tablespace:\n  cold: /srv/yaml\n  16400: /srv/hot\n');
    expect(load().settings.tablespace).toHaveLength(2);
    expect(load().provenance.tablespace).toBe('odo.yaml line 1');
    file('odo.yaml', 'tablespace: [cold=/srv/list]\n');
    expect(places()).toEqual(['cold /srv/list']);
    expect(load({}, { ODO_TABLESPACE: 'cold=/a,hot=/b' }).settings.tablespace).toHaveLength(2);
    const flags = { tablespace: ['cold=/flag', 'hot=relative'] };
    expect(problemsOf(() => load(flags))[0]?.text).toContain(
      'tablespace is "cold=/flag", "hot=relative"; expected OLD=/NEW with an absolute path',
    );
  });

  it('resolves paths against the working directory, and in a settings file against its own', () => {
    mkdirSync(join(cwd, 'etc'));
    file('etc/site.yaml', 'data-dir: ../data', 'compose-file: compose.yaml');
    const { settings, provenance } = load({ config: 'etc/site.yaml', journal: 'j.sqlite' });
    expect(settings).toMatchObject({
      dataDir: join(cwd, 'data'),
      composeFile: join(cwd, 'etc/compose.yaml'),
      journal: join(cwd, 'j.sqlite'),
    });
    expect(provenance.dataDir).toBe('site.yaml line 1');
  });

  it('ignores settings that the command does not use, even wrong ones', () => {
    file('odo.yaml', 'jobs: many');
    expect(load({}, {}, ['journal']).settings.jobs).toBe('auto');
  });
});

describe('problems', () => {
  it('are told all at once, with file, line, key, value and what was expected', () => {
    file('odo.yaml', 'jobs: many', 'volum: pgdata', 'reserve: 5 parsecs');
    file('.env', 'ODO_OWNER=postgres', 'ODO_VOLUMME=x');
    expect(
      problemsOf(() => load({ url: 'me@x' }))
        .map(({ text }) => text)
        .sort(),
    ).toEqual([
      '.env line 1: owner is "postgres"; expected auto, or UID:GID such as 999:999 (PostgreSQL does not run as root).',
      '.env line 2: odo has no setting ODO_VOLUMME. Did you mean ODO_VOLUME?',
      'flag -u: url is "me@x"; expected an address without credentials: s3://BUCKET/PREFIX, azure://ACCOUNT/CONTAINER/PREFIX, gs://BUCKET/PREFIX, https://HOST/FOLDER, sftp://USER@HOST:PORT/DIRECTORY, file:///DIRECTORY.',
      'odo.yaml line 1: jobs is "many"; expected auto, or a whole number from 1 to 64.',
      'odo.yaml line 2: odo has no setting volum. Did you mean volume?',
      'odo.yaml line 3: reserve is "5 parsecs"; expected a size such as 8GiB or 512MB.',
    ]);
  });

  it('tell the least rate and the least memory', () => {
    file('odo.yaml', 'max-rate: 10KiB/s', 'memory: 1MiB');
    expect(problemsOf(() => load()).map(({ text }) => text)).toEqual([
      'odo.yaml line 1: max-rate is "10KiB/s"; expected a size a second from 64 KiB/s on, such as 50MiB/s.',
      'odo.yaml line 2: memory is "1MiB"; expected a size from 16 MiB on, such as 256MiB.',
    ]);
  });

  it('never show a secret, also when it stands where it does not belong', () => {
    file('odo.yaml', 'secret-key: hunter2hunter2', 'access_key: AKIAHUNTER');
    file('.env', 'AWS_SECRET_ACCESS_KEY="  "');
    const text = JSON.stringify(
      problemsOf(() => load({ endpoint: 'https://me:hunter3hunter3@s3.example.com' })),
    );
    expect(text).not.toMatch(/hunter/i);
    expect(text).toContain('secret-key does not belong in a settings file');
    expect(text).toContain('.env line 1: secret-key is not valid');
    expect(text).toContain('https://[secret]@s3.example.com');
  });

  it('name the line of YAML that cannot be read, and do not quote it', () => {
    file('odo.yaml', 'jobs: 4', 'url: [hunter2hunter2', 'volume: x');
    const [problem] = problemsOf(() => load());
    expect(problem?.text).toMatch(/^odo.yaml line \d+: not valid YAML/);
    expect(problem?.text).not.toContain('hunter');
  });

  it('refuse a setting that stands twice, a list where text is expected, and a file that is no mapping', () => {
    file('odo.yaml', 'jobs: 4', 'jobs: 5');
    expect(problemsOf(() => load())[0]?.text).toMatch(/line 2: not valid YAML: Map keys must be unique/);
    file('odo.yaml', 'region: [a, b]');
    expect(problemsOf(() => load())[0]?.text).toContain('region is a list or a group; expected text');
    file('odo.yaml', '- jobs');
    expect(problemsOf(() => load())[0]?.text).toContain('setting: value');
  });

  it('refuse a standing agreement in odo.yaml and .env', () => {
    file('odo.yaml', 'yes: true');
    expect(problemsOf(() => load())[0]?.text).toContain('agree with --yes each time');
    file('odo.yaml', '');
    file('.env', 'ODO_YES=true');
    expect(load().settings.yes).toBe(false);
  });

  it('say that a named settings file is missing, and who named it', () => {
    expect(problemsOf(() => load({}, { ODO_CONFIG: 'x.yaml' }))[0]?.text).toBe(
      `environment ODO_CONFIG: the settings file ${join(cwd, 'x.yaml')} does not exist.`,
    );
  });

  it('of the environment are only near misses, as a warning: others use ODO_ too', () => {
    const { warnings } = load({}, { ODO_VOLUMES: 'x', ODO_PORT_5432_TCP: 'x', ODO_DEBUG: '1' });
    expect(warnings).toEqual([
      'The environment variable ODO_VOLUMES is unknown and not used. Did you mean ODO_VOLUME?',
    ]);
  });
});

describe('credentials', () => {
  const pair = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'sekret' };

  it('come from the environment, .env and flags, or are left to the SDK', () => {
    expect(resolveCredentials(load())).toBeNull();
    expect(resolveCredentials(load({}, pair))?.s3).toEqual({
      accessKeyId: 'AKIA',
      secretAccessKey: 'sekret',
      sessionToken: null,
    });
    file('.env', 'AWS_ACCESS_KEY_ID=a', "AWS_SECRET_ACCESS_KEY='b c'", 'AWS_SESSION_TOKEN=t');
    expect(resolveCredentials(load())?.s3).toEqual({
      accessKeyId: 'a',
      secretAccessKey: 'b c',
      sessionToken: 't',
    });
    expect(resolveCredentials(load({ accessKey: 'f', secretKey: 'g' }, pair))?.s3).toMatchObject({
      accessKeyId: 'f',
    });
  });

  it('do not mix keys given as flags with the session token of the environment', () => {
    const env = { ...pair, AWS_SESSION_TOKEN: 'stale' };
    expect(resolveCredentials(load({}, env))?.s3?.sessionToken).toBe('stale');
    expect(resolveCredentials(load({ accessKey: 'f', secretKey: 'g' }, env))?.s3?.sessionToken).toBeNull();
  });

  it('of Azure come beside those of S3, and never from flags', () => {
    const env = { ...pair, AZURE_STORAGE_ACCOUNT: 'shop', AZURE_STORAGE_KEY: 'a2V5' };
    expect(resolveCredentials(load({}, env))).toMatchObject({
      s3: { accessKeyId: 'AKIA' },
      azure: { connectionString: null, account: 'shop', key: 'a2V5', sasToken: null },
    });
  });

  it('with one half missing are an error that names the other half’s origin, not its value', () => {
    expect(() => resolveCredentials(load({ secretKey: 'sekret' }))).toThrow(
      'The S3 access key is missing (the other half is from flag -s).',
    );
  });
});
