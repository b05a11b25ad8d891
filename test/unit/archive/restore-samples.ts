import { createHash } from 'node:crypto';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DecoderPool } from '../../../src/archive/decode/decoder-pool.ts';
import type { RestoreArchiveOptions } from '../../../src/archive/restore-archive.ts';
import type { Codec } from '../../../src/backup/base-backup.ts';
import { fileEtag } from '../../../src/storage/etag.ts';
import type { ByteRange, RangeLocation } from '../../../src/storage/range-location.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import type { Tree, TreeWriter } from '../../../src/target/tree.ts';

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

const pools = new Map<number, DecoderPool>();

/** Threads are kept for the next restore with slices of the same size. */
export function decoders(slotBytes: number): DecoderPool {
  const known = pools.get(slotBytes);
  if (known !== undefined) return known;
  const mebibyte = 1024 * 1024;
  const limits = {
    threads: 4,
    readAheadBytes: 4 * mebibyte,
    rangeBytes: mebibyte,
    outputSlots: 4,
    slotBytes,
  };
  const pool = new DecoderPool(limits);
  pools.set(slotBytes, pool);
  return pool;
}

const objects = await mkdtemp(join(tmpdir(), 'odo-objects-'));
process.once('exit', () => rmSync(objects, { recursive: true, force: true }));

/** A file with this content, and where a range of it is to be had. */
export function storedObject(content: Uint8Array) {
  const path = join(objects, createHash('sha1').update(content).digest('hex'));
  writeFileSync(path, content);
  const etag = fileEtag(statSync(path, { bigint: true }));
  const locate = (range: ByteRange): RangeLocation => ({
    kind: 'file',
    path,
    range,
    etag,
    key: 'base.tar.gz',
  });
  return { key: 'base.tar.gz', etag, sizeBytes: content.length, locate };
}

/** What every test passes; `from` records where reading began. Slices have `slotBytes` of output. */
export function restoring(
  content: Uint8Array | ReturnType<typeof storedObject>,
  root: string,
  codec: Codec,
  slotBytes = 65_536,
): RestoreArchiveOptions & { from: number[] } {
  const from: number[] = [];
  let hasBegun = false;
  const { locate, ...object } = content instanceof Uint8Array ? storedObject(content) : content;
  return {
    from,
    name: 'base.tar.gz',
    codec,
    object,
    decoders: decoders(slotBytes),
    source: {
      async locate(range) {
        if (!hasBegun) from.push(range.from);
        hasBegun = true;
        return locate(range);
      },
    },
    tree: new DirectTree(root),
    place: (entry) => ({ kind: 'write', path: entry.path }),
    checkpoint: { last: null, save: async () => {} },
    nowMs: () => 0,
    signal: new AbortController().signal,
  };
}
