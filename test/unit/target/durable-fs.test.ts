import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DurableCalls,
  renameDurably,
  syncDirectory,
  syncFile,
  temporaryName,
  writeFileDurably,
} from '../../../src/target/durable-fs.ts';

let directory: string;

beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), 'odo-durable-'));
});

afterEach(() => fs.rm(directory, { recursive: true, force: true }));

/** The real calls, written down in their order with the name they are about. */
function recordedCalls(changes: Partial<DurableCalls> = {}): { calls: DurableCalls; log: string[] } {
  const log: string[] = [];
  const calls: DurableCalls = {
    rename: async (from, to) => {
      log.push(`rename ${basename(String(from))} -> ${basename(String(to))}`);
      await fs.rename(from, to);
    },
    rm: fs.rm,
    open: async (path, ...rest) => {
      const handle = await fs.open(path, ...rest);
      for (const name of ['writeFile', 'sync', 'datasync'] as const) {
        const original = handle[name].bind(handle) as (...args: unknown[]) => Promise<void>;
        Object.assign(handle, {
          [name]: async (...args: unknown[]) => {
            await original(...args);
            log.push(`${name} ${path === directory ? 'the directory' : basename(String(path))}`);
          },
        });
      }
      return handle;
    },
    ...changes,
  };
  return { calls, log };
}

describe('a durable write', () => {
  it('brings the content to disk, then renames, then brings the name to disk', async () => {
    const { calls, log } = recordedCalls();
    await writeFileDurably(join(directory, 'file'), 'content', 0o600, calls);
    expect(log).toEqual([
      'writeFile .file.odo-tmp',
      'sync .file.odo-tmp',
      'rename .file.odo-tmp -> file',
      'sync the directory',
    ]);
    expect(await fs.readFile(join(directory, 'file'), 'utf8')).toBe('content');
  });

  it('leaves the former file whole when it is killed before the rename, and the new one after it', async () => {
    const path = join(directory, 'file');
    await fs.writeFile(path, 'former');
    const killed = new Error('killed');
    const die = async (): Promise<never> => {
      throw killed;
    };
    const { calls } = recordedCalls({ rename: die });
    await expect(writeFileDurably(path, 'new', 0o600, calls)).rejects.toBe(killed);
    expect(await fs.readFile(path, 'utf8')).toBe('former');
    expect(await fs.readFile(temporaryName(path), 'utf8')).toBe('new');

    await writeFileDurably(path, 'newest', 0o600);
    expect(await fs.readFile(path, 'utf8')).toBe('newest');
    expect(await fs.readdir(directory)).toEqual(['file']);
  });

  it('gives the file its mode whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      await writeFileDurably(join(directory, 'script'), '#!/bin/sh\n', 0o755);
    } finally {
      process.umask(before);
    }
    expect((await fs.stat(join(directory, 'script'))).mode & 0o777).toBe(0o755);
  });

  it('does not write through a link that stands in the place of its temporary file', async () => {
    const path = join(directory, 'file');
    await fs.writeFile(join(directory, 'kept'), 'kept');
    await fs.symlink(join(directory, 'kept'), temporaryName(path));
    await writeFileDurably(path, 'new', 0o600);
    expect(await fs.readFile(join(directory, 'kept'), 'utf8')).toBe('kept');
  });
});

describe('a durable rename', () => {
  it('brings both directories to disk, the new name first', async () => {
    await fs.mkdir(join(directory, 'from'));
    await fs.mkdir(join(directory, 'to'));
    await fs.writeFile(join(directory, 'from/a'), 'x');
    const { calls, log } = recordedCalls();
    await renameDurably(join(directory, 'from/a'), join(directory, 'to/b'), calls);
    expect(log).toEqual(['rename a -> b', 'sync to', 'sync from']);
  });

  it('brings one directory to disk once', async () => {
    await fs.writeFile(join(directory, 'a'), 'x');
    const { calls, log } = recordedCalls();
    await renameDurably(join(directory, 'a'), join(directory, 'b'), calls);
    expect(log).toEqual(['rename a -> b', 'sync the directory']);
  });
});

it('syncs the content, or with it owner and mode', async () => {
  await fs.writeFile(join(directory, 'file'), 'x');
  const { calls, log } = recordedCalls();
  await syncFile(join(directory, 'file'), 'content', calls);
  await syncFile(join(directory, 'file'), 'metadata', calls);
  expect(log).toEqual(['datasync file', 'sync file']);
});

it('does not sync a link in the place of a directory or file', async () => {
  await fs.symlink(directory, join(directory, 'link'));
  await expect(syncDirectory(join(directory, 'link'))).rejects.toThrow(/ENOTDIR|ELOOP/);
  await expect(syncFile(join(directory, 'link'), 'content')).rejects.toThrow('ELOOP');
});
