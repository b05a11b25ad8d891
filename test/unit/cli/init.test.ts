import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { BackupSurvey } from '../../../src/backup/survey-backups.ts';
import type { CliApi } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import type { BackupsRequest } from '../../../src/run/available-backups.ts';
import type { ServiceLook } from '../../../src/run/look-at-compose.ts';
import { sampleSurvey } from '../../../tools/sample-backups.ts';
import { type FakeHost, fakeApi, fakeHost } from './fake-host.ts';

let cwd: string;
let host: FakeHost;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'odo-init-'));
  host = fakeHost({ cwd, terminal: true, columns: 400 });
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const db: ServiceLook = {
  name: 'db',
  isPostgres: true,
  serverMajor: 17,
  data: { kind: 'volume', name: 'pgdata' },
};
const web: ServiceLook = { name: 'web', isPostgres: false, serverMajor: null, data: null };

let looked: BackupsRequest[] = [];
const api = (given: Partial<CliApi> = {}): CliApi =>
  fakeApi({
    listAvailableServers: async (request) => {
      looked.push(request);
      return [];
    },
    listAvailableBackups: async (): Promise<BackupSurvey> => sampleSurvey,
    lookAtCompose: async () => [web, db],
    ...given,
  });
const init = (args: readonly string[], given: Partial<CliApi> = {}): Promise<number> => {
  looked = [];
  return runProgram(['init', ...args], api(given), host);
};
const written = (name = 'odo.yaml'): string => readFileSync(join(cwd, name), 'utf8');
const said = (): string => host.stderr.text();

it('asks what no flag says, suggests what it found, and writes a file with comments', async () => {
  writeFileSync(join(cwd, 'docker-compose.yml'), '');
  host.env = {
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'verysecret',
    AWS_REGION: 'eu-west-3',
  };
  host.answers = ['main', 's3://backups/main', 'ftp://x', 'https://s3.example.com', '', '', 'nobody', ''];
  expect(await init([]), said()).toBe(0);
  expect(host.prompts.map((prompt) => prompt.replace(/ \(s3:.*\)/, ''))).toEqual([
    'Where do the backups lie: ',
    'Where do the backups lie: ',
    'Endpoint of the store, when it is not AWS [none]: ',
    'Endpoint of the store, when it is not AWS [none]: ',
    'Region [eu-west-3]: ',
    'Compose file of the PostgreSQL service [docker-compose.yml]: ',
    'Which service runs PostgreSQL (web, db) [db]: ',
    'Which service runs PostgreSQL (web, db) [db]: ',
  ]);
  expect(parse(written())).toEqual({
    url: 's3://backups/main',
    endpoint: 'https://s3.example.com',
    region: 'eu-west-3',
    volume: 'pgdata',
    service: 'db',
    'compose-file': 'docker-compose.yml',
  });
  expect(written()).toMatch(/^# yaml-language-server: \$schema=/);
  expect(written()).toContain('# new-volume: pgdata-restored\n');
  expect(looked[0]).toMatchObject({
    source: { url: 's3://backups/main', endpoint: 'https://s3.example.com', region: 'eu-west-3' },
    credentials: { s3: { secretAccessKey: 'verysecret' } },
  });
  expect(said()).toContain('environment AWS_ACCESS_KEY_ID and environment AWS_SECRET_ACCESS_KEY');
  expect(said()).toContain('It is one of web, db, or none.');
  expect(said()).toContain('db keeps its data in the volume pgdata, PostgreSQL 17.');
  expect(said()).toContain('odo.yaml is written. Next: odo doctor, then odo plan\n');
  expect(said() + written()).not.toMatch(/verysecret|AKIAEXAMPLE/);
});

it('works without a terminal, by flags and what it finds', async () => {
  host = fakeHost({ cwd });
  expect(await init(['-u', 's3://b'])).toBe(2);
  expect(said()).toContain('Nobody can be asked here.');
  expect(await init(['--yes'])).toBe(2);
  expect(said()).toContain('It is not said where the backups lie.');
  expect(await init(['--yes', '-u', 's3://b'])).toBe(2);
  expect(said()).toContain('It is not said where to restore.');
  expect(existsSync(join(cwd, 'odo.yaml'))).toBe(false);
  writeFileSync(join(cwd, 'compose.yaml'), '');
  expect(await init(['--yes', '-u', 's3://b', '--out', 'conf.yaml'])).toBe(0);
  expect(parse(written('conf.yaml'))).toEqual({
    url: 's3://b',
    volume: 'pgdata',
    service: 'db',
    'compose-file': 'compose.yaml',
  });
  expect(said()).toContain('odo doctor --config conf.yaml');
  // A Compose file of something else stands in nobody's way.
  expect(await init(['--yes', '-u', 's3://b', '--data-dir', 'data', '--local'])).toBe(0);
  expect(parse(written())).toEqual({ url: 's3://b', 'data-dir': join(cwd, 'data'), local: true });
});

it('asks which server when there are several, and refuses to guess', async () => {
  const listAvailableServers = async () => ['main', 'other'];
  const args = ['-u', 's3://b', '-e', 'https://s3.example.com', '-r', 'x', '-v', 'pgdata', '-n', 'db'];
  host.answers = ['elsewhere', 'other', 'compose.yaml'];
  expect(await init(args, { listAvailableServers }), said()).toBe(0);
  expect(parse(written())).toMatchObject({ server: 'other', service: 'db' });
  expect(said()).toContain('It is one of main, other.');
  expect(await init([...args, '--yes', '--out', 'no.yaml'], { listAvailableServers })).toBe(0);
  rmSync(join(cwd, 'odo.yaml'));
  expect(await init([...args, '--yes', '--out', 'no2.yaml'], { listAvailableServers })).toBe(2);
  expect(said()).toContain('There are several servers at that address: main, other.');
});

it('two services with PostgreSQL are a question, and one that is not there is refused', async () => {
  writeFileSync(join(cwd, 'compose.yaml'), '');
  const lookAtCompose = async () => [db, { ...db, name: 'db2' }];
  expect(await init(['--yes', '-u', 'file:///backups'], { lookAtCompose })).toBe(2);
  expect(said()).toContain('Several services run PostgreSQL: db, db2.');
  expect(await init(['--yes', '-u', 'file:///backups', '-n', 'db3'], { lookAtCompose })).toBe(2);
  expect(said()).toContain('The Compose file has no service db3.');
});

it('a store and a Compose file that cannot be looked at are told, and the file is written', async () => {
  writeFileSync(join(cwd, 'compose.yaml'), '');
  const refuse = async (): Promise<never> => {
    throw new OdoError('ACCESS_DENIED', 'Somebody denies it.');
  };
  host.answers = ['', '', '', 'database', '/srv/pg'];
  expect(await init(['-u', 's3://b'], { listAvailableServers: refuse, lookAtCompose: refuse }), said()).toBe(
    0,
  );
  expect(said().match(/Somebody denies it\. odo doctor will say more\./g)).toHaveLength(2);
  expect(parse(written())).toEqual({
    url: 's3://b',
    'data-dir': '/srv/pg',
    service: 'database',
    'compose-file': 'compose.yaml',
  });
});

it('writes over a file only when that was agreed to', async () => {
  writeFileSync(join(cwd, 'odo.yaml'), 'url: s3://mine\n');
  const flags = ['-u', 's3://b', '-v', 'pgdata', '--out', 'odo.yaml'];
  host.answers = ['no'];
  expect(await init(flags)).toBe(4);
  expect(await init([...flags, '--yes'])).toBe(4);
  expect(said()).toContain('Write over it with --overwrite');
  expect(written()).toBe('url: s3://mine\n');
  host.answers = ['yes', '', '', ''];
  expect(await init(flags), said()).toBe(0);
  expect(parse(written())).toEqual({ url: 's3://b', volume: 'pgdata' });
  expect(await init([...flags, '--yes', '--overwrite', '-r', 'eu'])).toBe(0);
  expect(parse(written())).toMatchObject({ region: 'eu' });
});

it('flags of other sources are written too, and their secrets are not', async () => {
  host.env = { ODO_SSH_PASSWORD: 'verysecret', AWS_ENDPOINT_URL: 'https://s3.example.com' };
  const args = ['--yes', '-u', 'sftp://backup@host/srv', '--ssh-key', 'keys/id', '-v', 'pgdata'];
  expect(await init(args), said()).toBe(0);
  expect(parse(written())).toEqual({
    url: 'sftp://backup@host/srv',
    'ssh-key': 'keys/id',
    volume: 'pgdata',
  });
  expect(written()).not.toContain('verysecret');
});

it('Ctrl-C leaves nothing behind', async () => {
  host.readLine = (_, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      host.signal('SIGINT');
    });
  expect(await init([])).toBe(130);
  expect(existsSync(join(cwd, 'odo.yaml'))).toBe(false);
});
