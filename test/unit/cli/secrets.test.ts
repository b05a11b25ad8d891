import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { describe, expect, it, test } from 'vitest';
import { type SettingKey, settingKeys, settingOf } from '../../../src/config/schema.ts';
import { distinctSecrets, leaksIn } from '../../support/distinct-secrets.ts';
import { type EchoingStore, startEchoingStore } from '../../support/echoing-store.ts';
import { odo } from '../../support/odo-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const { Server, utils } = ssh2;

const environment = (directory: string): Record<string, string> => ({
  ...distinctSecrets,
  AWS_ACCESS_KEY_ID: 'AKIAVISIBLE',
  AWS_REGION: 'eu',
  AZURE_STORAGE_ACCOUNT: 'account',
  ODO_HTTP_USER: 'leak-http-user',
  GOOGLE_APPLICATION_CREDENTIALS: join(directory, 'key.json'),
  HOME: directory,
  XDG_STATE_HOME: join(directory, 'state'),
});

/** A workload whose token is exchanged at the store itself. */
async function writeGoogleKey(directory: string, { endpoint }: EchoingStore): Promise<void> {
  const subject = join(directory, 'subject');
  await writeFile(subject, 'leak-google-private-key');
  const key = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${endpoint}/token`,
    credential_source: { file: subject },
  };
  await writeFile(join(directory, 'key.json'), JSON.stringify(key));
}

/** Everything that odo wrote below its state directory, and other files that were asked for. */
async function written(...directories: string[]): Promise<string> {
  const texts: string[] = [];
  for (const directory of directories) {
    const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of names)
      if (entry.isFile()) texts.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
  }
  return texts.join('\n');
}

test('every setting that is secret is looked for', () => {
  const secret = settingKeys.filter((key: SettingKey) => settingOf(key).secret && key !== 'accessKey');
  const known = new Set<string>(Object.keys(distinctSecrets));
  expect(secret.filter((key) => !settingOf(key).env.some((name) => known.has(name)))).toEqual([]);
});

describe('a store that denies everything and quotes all it was sent', { concurrent: true }, () => {
  interface Source {
    readonly args: readonly string[];
    /** Variables of the other ways in. */
    readonly without?: RegExp;
  }
  const at = (...args: string[]) => ({ args });
  const sources: Readonly<Record<string, (endpoint: string) => Source>> = {
    'S3 with a session token': (endpoint) => at('-u', 's3://backups/pg', '-e', endpoint),
    'Azure with a SAS': (endpoint) => ({
      ...at('-u', 'azure://account/backups/pg', '-e', `${endpoint}/account`),
      without: /^AZURE_STORAGE_(KEY|CONNECTION)/,
    }),
    'Azure with a key': (endpoint) => ({
      ...at('-u', 'azure://account/backups/pg', '-e', `${endpoint}/account`),
      without: /^AZURE_STORAGE_(SAS|CONNECTION)/,
    }),
    'Google, at the login': (endpoint) => at('-u', 'gs://backups/pg', '-e', endpoint),
    'Google, after the login': (endpoint) => at('-u', 'gs://backups/pg', '-e', endpoint),
    'a web server with a password': (endpoint) => at('-u', `${endpoint}/backups/`),
  };
  const token = 'leak-google-access-token';

  it.for(Object.keys(sources))('learns of no secret through odo: %s', async (name, { expect }) => {
    await using store = await startEchoingStore(name.includes('after') ? token : null);
    await using directory = await temporaryDirectory();
    const { args, without } = sources[name]?.(store.endpoint) ?? expect.fail();
    await writeGoogleKey(directory.path, store);
    const out = join(directory.path, 'out');
    await mkdir(out);
    const env = Object.fromEntries(
      Object.entries(environment(directory.path)).filter(([variable]) => without?.test(variable) !== true),
    );
    const run = (...given: string[]) => odo([...given, ...args], { env, cwd: directory.path });
    const place = ['--data-dir', join(directory.path, 'data')];
    const reports = ['html', 'md', 'json', 'xml'].flatMap((form) => ['--report', join(out, `run.${form}`)]);
    const results = [await run('start', ...place, ...reports, '--json', '--verbose')];
    // Else nothing was put to the test: a key itself is never sent.
    expect(leaksIn(store.heard.join(' ')).length > 0 || name === 'Azure with a key').toBe(true);
    if (name.startsWith('S3')) {
      results.push(await run('backups'), await run('plan', ...place, '--out', join(out, 'plan.json')));
    }
    for (const { exitCode, stderr } of results) expect(exitCode, stderr).toBe(12);
    if (name.startsWith('S3')) {
      results.push(await run('doctor', '--json'));
      expect(results.at(-1)?.exitCode).toBe(4);
    }
    const said = results.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    const kept = await written(join(directory.path, 'state'), out);
    expect(leaksIn(said), said).toEqual([]);
    expect(leaksIn(kept)).toEqual([]);
    expect(kept).toContain('ACCESS_DENIED');
  });
});

test('an SSH server that refuses every key and password leaves none of them anywhere', async () => {
  const { private: hostKey, public: publicKey } = utils.generateKeyPairSync('ed25519');
  const tried: string[] = [];
  const server = new Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) => {
      if (context.method === 'password') tried.push(context.password);
      context.reject(['password']);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await using directory = await temporaryDirectory();
  try {
    const knownHosts = join(directory.path, 'known_hosts');
    await writeFile(knownHosts, `[127.0.0.1]:${port} ${publicKey}\n`);
    const env = { ...environment(directory.path), ODO_SSH_KNOWN_HOSTS: knownHosts };
    const place = ['-u', `sftp://me@127.0.0.1:${port}/backups`, '--data-dir', join(directory.path, 'data')];
    const result = await odo(['start', ...place, '--json', '--verbose'], { env, cwd: directory.path });
    expect(result.exitCode, result.stderr).toBe(12);
    expect(tried).toContain(distinctSecrets.ODO_SSH_PASSWORD);
    expect(leaksIn(result.stdout + result.stderr)).toEqual([]);
    expect(leaksIn(await written(join(directory.path, 'state')))).toEqual([]);
  } finally {
    server.close();
  }
});
