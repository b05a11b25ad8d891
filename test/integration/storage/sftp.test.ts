import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshCredentials } from '../../../src/storage/credentials.ts';
import { readObject } from '../../../src/storage/object-reader.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { openSftpStorage } from '../../../src/storage/sftp.ts';
import { describeObjectStorage } from '../../contract/object-storage.contract.ts';
import { installPackages } from '../../lab/debian-packages.ts';
import { run } from '../../lab/run-command.ts';
import { all } from '../../support/all.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';

const signal = new AbortController().signal;
let root: string;
let server: SshServer;

beforeAll(async () => {
  await installPackages(['openssh-server']);
  root = await mkdtemp(join(tmpdir(), 'odo-sftp-'));
  server = await startSshServer(join(root, 'server'));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const open = (directory: string, credentials: Partial<SshCredentials> = {}): ObjectStorage =>
  openSftpStorage({
    host: '127.0.0.1',
    port: server.port,
    user: server.user,
    directory,
    credentials: { ...server.credentials, ...credentials },
  });

async function put(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

describeObjectStorage('a directory of an SFTP server', async () => {
  const directory = await mkdtemp(join(root, 'objects-'));
  const storage = open(directory);
  const missing = open(join(directory, 'no-such-directory'));
  return {
    storage,
    missing,
    put: (key, content) => put(join(directory, key), content),
    async [Symbol.asyncDispose]() {
      storage.close();
      missing.close();
    },
  };
});

describe('reading over SFTP', () => {
  const content = randomBytes(20_000_000);

  async function withObject(use: (storage: ObjectStorage) => Promise<void>): Promise<void> {
    const directory = await mkdtemp(join(root, 'large-'));
    await put(join(directory, 'base.tar'), content);
    const storage = open(directory);
    try {
      await use(storage);
    } finally {
      storage.close();
    }
  }

  it('goes on over a new connection when the first is lost', async () => {
    await withObject(async (storage) => {
      const object = await storage.stat('base.tar', signal);
      const chunks: Uint8Array[] = [];
      const retries: string[] = [];
      for await (const chunk of readObject(storage, object!, {
        signal,
        memoryBytes: 2_000_000,
        retryDelayMs: 10,
        onRetry: ({ error }) => retries.push(error.code),
      })) {
        if (chunks.length === 3) await server.dropConnections();
        chunks.push(chunk);
      }
      expect(Buffer.concat(chunks).equals(content)).toBe(true);
      expect(retries).toContain('STORAGE_UNAVAILABLE');
    });
  });

  it('stops when the file is replaced by one of the same size', async () => {
    await withObject(async (storage) => {
      const object = await storage.stat('base.tar', signal);
      const file = join(storage.description.replace(/^sftp:\/\/[^/]+/, ''), 'base.tar');
      await utimes(file, new Date(0), new Date(0));
      await expect(all(readObject(storage, object!, { signal }))).rejects.toMatchObject({
        code: 'OBJECT_CHANGED',
      });
    });
  });

  it('makes and replaces a small object, with its folders', async () => {
    const directory = await mkdtemp(join(root, 'small-'));
    const storage = open(directory);
    for (const text of ['one', 'another']) await storage.writeSmall('a/b/index', Buffer.from(text), signal);
    expect(Buffer.from(await storage.readSmall('a/b/index', signal)).toString()).toBe('another');
    expect((await all(storage.list('', { signal }))).map(({ key }) => key)).toEqual(['a/b/index']);
    storage.close();
  });
});

describe('an SFTP server', () => {
  const refusal = async (credentials: Partial<SshCredentials>) => {
    const storage = open(root, credentials);
    try {
      return await storage.stat('x', signal).then(
        () => expect.fail('it should have been refused'),
        (error: unknown) => error,
      );
    } finally {
      storage.close();
    }
  };

  it('whose host key is not known is refused, with the fingerprint and the way out', async () => {
    const knownHostsFile = join(root, 'none');
    await writeFile(knownHostsFile, '');
    expect(await refusal({ knownHostsFile })).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(/not known \(SHA256:/),
      hint: expect.stringContaining(`ssh-keyscan -p ${server.port}`),
    });
  });

  it('whose host key is another than the known one is refused', async () => {
    const other = join(root, 'other');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other]);
    const key = await readFile(`${other}.pub`, 'utf8');
    const knownHostsFile = join(root, 'changed');
    await writeFile(knownHostsFile, `[127.0.0.1]:${server.port} ${key}`);
    expect(await refusal({ knownHostsFile })).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('another than the known one'),
      hint: expect.stringContaining('ssh-keygen -R'),
    });
  });

  it('that does not accept the key says what can be done', async () => {
    const keyFile = join(root, 'stranger');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
    expect(await refusal({ keyFile })).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining('ssh-add'),
    });
  });

  it('opens to a key with a passphrase, and says when that is missing', async () => {
    const keyFile = join(root, 'locked');
    await run('cp', [server.credentials.keyFile ?? '', keyFile]);
    await run('ssh-keygen', ['-q', '-p', '-N', 'open sesame', '-f', keyFile]);
    expect(await refusal({ keyFile })).toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('ODO_SSH_KEY_PASSPHRASE'),
    });
    const storage = open(root, { keyFile, passphrase: 'open sesame' });
    expect(await storage.stat('nothing', signal)).toBeNull();
    storage.close();
  });
});
