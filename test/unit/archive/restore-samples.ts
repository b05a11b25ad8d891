import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RestoreArchiveOptions } from '../../../src/archive/restore-archive.ts';
import type { Codec } from '../../../src/backup/base-backup.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import type { Tree, TreeWriter } from '../../../src/target/tree.ts';
import { piecesOf } from './gzip-samples.ts';

/** A fresh directory, removed when the test's scope ends. */
export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'odo-archive-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Path → content, `dir`, or `-> target`. */
export async function contentOf(root: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length + 1);
    if (entry.isDirectory()) content[name] = 'dir';
    else if (entry.isSymbolicLink()) content[name] = `-> ${await readlink(path)}`;
    else content[name] = (await readFile(path)).toString('latin1');
  }
  return content;
}

/** As the engine's writer: a checkpoint must not lie inside a file. */
export function withoutContinuing(tree: Tree): Tree {
  const own: Pick<Tree, 'openWriter'> = {
    async openWriter(signal) {
      const writer = await tree.openWriter(signal);
      return new Proxy(writer, {
        get(target, key) {
          if (key === 'continuesFiles') return false;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }) as TreeWriter;
    },
  };
  return new Proxy(tree, {
    get(target, key) {
      const value: unknown = key === 'openWriter' ? own.openWriter : Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** What every test passes; `from` records where reading began. */
export function restoring(
  object: Uint8Array,
  root: string,
  codec: Codec,
  pieceBytes = 65_536,
): RestoreArchiveOptions & { from: number[] } {
  const from: number[] = [];
  return {
    from,
    name: 'base.tar.gz',
    codec,
    sizeBytes: object.length,
    async *bytes(offset) {
      from.push(offset);
      yield* piecesOf(object.subarray(offset), () => pieceBytes);
    },
    tree: new DirectTree(root),
    place: (entry) => ({ kind: 'write', path: entry.path }),
    checkpoint: { last: null, save: async () => {} },
    nowMs: () => 0,
    signal: new AbortController().signal,
  };
}
