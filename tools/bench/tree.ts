/** What a restore has left: how much, and whether it is what tar unpacks from the same archive. */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import { run } from '../../test/lab/run-command.ts';
import { makeBenchDir } from './bench-dir.ts';
import { programs } from './programs.ts';

export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
}

/** Path below the root -> size and checksum. */
export type TreeContent = ReadonlyMap<string, string>;

/**
 * Not compared: what odo places elsewhere on purpose. It fills pg_wal, keeps pg_control, backup_label and tablespace_map
 * apart until all else is on disk, and changes settings at the root.
 */
const isLeftOut = (path: string): boolean =>
  path.startsWith('pg_wal/') ||
  path.startsWith('.odo-sealed/') ||
  path === 'global/pg_control' ||
  !path.includes('/');

function* filesOf(root: string): Generator<string> {
  for (const entry of readdirSync(root, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
}

/** Without WAL, of which every tool brings as much as it needs. */
export function measureTree(root: string): TreeSize {
  let files = 0;
  let bytes = 0;
  for (const file of filesOf(root)) {
    if (relative(root, file).startsWith('pg_wal/')) continue;
    files += 1;
    bytes += statSync(file).size;
  }
  return { files, bytes };
}

export function readTree(root: string): TreeContent {
  const content = new Map<string, string>();
  const buffer = Buffer.alloc(1024 * 1024);
  for (const file of filesOf(root)) {
    const path = relative(root, file);
    if (isLeftOut(path)) continue;
    const descriptor = openSync(file, 'r');
    let sum = 0;
    let size = 0;
    for (let n = readSync(descriptor, buffer); n > 0; n = readSync(descriptor, buffer)) {
      sum = crc32(buffer.subarray(0, n), sum);
      size += n;
    }
    closeSync(descriptor);
    content.set(path, `${size} bytes, CRC ${sum.toString(16)}`);
  }
  return content;
}

/** The paths that are not the same in both, with what each says of them. */
export function compareTrees(expected: TreeContent, found: TreeContent): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((path) => {
    const [want, got] = [expected.get(path) ?? 'absent', found.get(path) ?? 'absent'];
    return want === got ? [] : [`${path}: ${got}, not ${want}`];
  });
}

/** What tar unpacks; made for a moment beside the targets. */
export async function unpackReference(
  tarFile: string,
  name: string,
): Promise<{ size: TreeSize; content: TreeContent }> {
  const root = makeBenchDir(['targets', name]);
  await run(programs.tar, ['-xf', tarFile, '-C', root]);
  return { size: measureTree(root), content: readTree(root) };
}
