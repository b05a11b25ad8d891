import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { azureAccount, startAzureServer } from '../support/azure-server.ts';
import { layOut, objectsOf } from '../support/fixture-objects.ts';
import { startGcsServer } from '../support/gcs-server.ts';
import { startNginx } from '../support/nginx.ts';
import { odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { mountBucket } from '../support/s3fs-mount.ts';
import { startSshServer } from '../support/ssh-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

interface Source extends AsyncDisposable {
  /** `-u`, `-e` */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What must be found nowhere. */
  readonly secrets: readonly string[];
}

/** The backup at each kind of source; `directory` is the test's own. */
const sources: Readonly<Record<string, (backup: Fixture, directory: string) => Promise<Source>>> = {
  'Azure Blob Storage': async (backup, _directory) => {
    const server = await startAzureServer();
    const container = await server.newContainer();
    const blobs = server.client.getContainerClient(container);
    for (const { key, file } of await objectsOf(backup)) await blobs.getBlockBlobClient(key).uploadFile(file);
    return {
      args: ['-u', `azure://${azureAccount.name}/${container}/${backup.prefix}`, '-e', server.endpoint],
      env: { AZURE_STORAGE_KEY: azureAccount.key },
      secrets: [azureAccount.key],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },

  'Google Cloud Storage': async (backup) => {
    const server = await startGcsServer();
    for (const { key, file } of await objectsOf(backup)) server.put('backups', key, await readFile(file));
    return {
      args: ['-u', `gs://backups/${backup.prefix}`],
      env: { STORAGE_EMULATOR_HOST: server.endpoint },
      secrets: [],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },

  'an SFTP server': async (backup, directory) => {
    await layOut(backup, join(directory, 'files'));
    const server = await startSshServer(join(directory, 'ssh'));
    return {
      args: ['-u', `${server.url}${join(directory, 'files', backup.prefix)}`],
      env: server.env,
      secrets: [],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },

  'a web server': async (backup, directory) => {
    const root = join(directory, 'files');
    await layOut(backup, root);
    const server = await startNginx({ directory: join(directory, 'nginx'), root });
    return {
      args: ['-u', `${server.url}${backup.prefix}`],
      env: { ODO_HTTP_USER: 'odo', ODO_HTTP_PASSWORD: 'open-sesame' },
      secrets: ['open-sesame', Buffer.from('odo:open-sesame').toString('base64')],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },

  'a directory': async (backup, directory) => {
    await layOut(backup, join(directory, 'files'));
    return {
      args: ['-u', `file://${join(directory, 'files', backup.prefix)}`],
      env: {},
      secrets: [],
      async [Symbol.asyncDispose]() {},
    };
  },

  'a bucket mounted with s3fs': async (backup, directory) => {
    const s3 = await startS3({ storageDir: backup.storageDir });
    const mount = await mountBucket(s3, backup.bucket, directory);
    return {
      args: ['-u', `file://${join(mount.path, backup.prefix)}`],
      env: {},
      secrets: [],
      async [Symbol.asyncDispose]() {
        await mount[Symbol.asyncDispose]();
        await s3[Symbol.asyncDispose]();
      },
    };
  },
};

describeWithLab('a restore that is killed in the middle and resumed', () => {
  test.concurrent.each(Object.keys(sources))('from %s holds every row', async (name) => {
    const backup = await fixture('basebackup-15');
    await using directory = await temporaryDirectory();
    await using source = await (sources[name] ?? expect.fail())(backup, directory.path);
    const [data, state] = [join(directory.path, 'data'), join(directory.path, 'state')];
    await mkdir(state);
    const env = { ...source.env, XDG_STATE_HOME: state };
    // A kill is no power cut: what was written is there without waiting for the disk.
    const how = ['--checkpoint-size', '8MiB', '--no-sync', '--json'];
    const args = [...source.args, '--data-dir', data, ...how];
    const killed = await odo(['start', ...args], { env: { ...env, ODO_FAILPOINT: 'checkpoint:after#3' } });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
    const written = [killed, resumed].map(({ stdout, stderr }) => stdout + stderr).join('');
    const journal = await readFile(join(state, 'odo/journal.sqlite'), 'latin1');
    for (const secret of source.secrets) expect(written + journal).not.toContain(secret);
  });
});
