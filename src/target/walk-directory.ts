import { type Dirent, readdirSync, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { atPath, fsError, isAbsent } from './fs-errors.ts';
import { inParallel } from './in-parallel.ts';
import { Turn } from './turn.ts';

/** How many file system calls are in flight at once. */
export const parallelCalls = 8;

const slash = Buffer.from('/');

/** Names are bytes here: one that is not UTF-8 would be lost in a string, and could then not be removed. */
export type Visit = (path: Buffer, entry: Dirent<Buffer>) => Promise<void>;

/** Visits everything below `directory`, children before the directory that holds them; never follows a link. */
export async function walkDirectory(
  directory: string | Buffer,
  visit: Visit,
  wanted: (name: string) => boolean = () => true,
): Promise<void> {
  const parent = Buffer.from(directory as string);
  const entries = await fs.readdir(parent, { withFileTypes: true, encoding: 'buffer' });
  const chosen = entries.filter((entry) => wanted(entry.name.toString()));
  const pathOf = (entry: Dirent<Buffer>): Buffer => Buffer.concat([parent, slash, entry.name]);
  const visitNamed = async (entry: Dirent<Buffer>): Promise<void> => {
    const path = pathOf(entry);
    await atPath(path.toString(), () => visit(path, entry));
  };
  for (const entry of chosen.filter((each) => each.isDirectory())) {
    await atPath(pathOf(entry).toString(), () => walkDirectory(pathOf(entry), visit));
    await visitNamed(entry);
  }
  await inParallel(
    chosen.filter((each) => !each.isDirectory()),
    parallelCalls,
    visitNamed,
  );
}

/**
 * The same order with synchronous calls: for what takes microseconds an entry, several times as fast. Not for
 * removing, which takes as long as a file is large.
 */
export async function walkInTurns(
  directory: string | Buffer,
  visit: (path: Buffer, entry: Dirent<Buffer>) => void,
  wanted: (name: string) => boolean = () => true,
  turn = new Turn(),
): Promise<void> {
  const parent = Buffer.from(directory as string);
  for (const entry of readdirSync(parent, { withFileTypes: true, encoding: 'buffer' })) {
    if (!wanted(entry.name.toString())) continue;
    const path = Buffer.concat([parent, slash, entry.name]);
    try {
      if (entry.isDirectory()) await walkInTurns(path, visit, undefined, turn);
      visit(path, entry);
    } catch (error) {
      throw fsError(error, path.toString());
    }
    if (turn.isOver) await turn.next();
  }
}

/** Whether so many entries lie below `directory`; no more of them are looked at than it takes to know. */
export function hasEntries(
  directory: string | Buffer,
  wantedEntries: number,
  wanted: (name: string) => boolean = () => true,
): boolean {
  return countEntries(Buffer.from(directory as string), wantedEntries, wanted) >= wantedEntries;
}

function countEntries(parent: Buffer, enough: number, wanted: (name: string) => boolean): number {
  let count = 0;
  for (const entry of readdirSync(parent, { withFileTypes: true, encoding: 'buffer' })) {
    if (count >= enough) break;
    if (!wanted(entry.name.toString())) continue;
    count += 1;
    if (entry.isDirectory())
      count += countEntries(Buffer.concat([parent, slash, entry.name]), enough - count, () => true);
  }
  return count;
}

/** Removes a file, a link (never what it points to) or a whole directory; absent is fine. */
export async function removeEntry(path: string | Buffer): Promise<void> {
  const stats = await lstatIfThere(path);
  if (stats === null) return;
  if (!stats.isDirectory()) return fs.unlink(path);
  await walkDirectory(path, removeVisited);
  await fs.rmdir(path);
}

export const removeVisited: Visit = async (path, entry) => {
  await (entry.isDirectory() ? fs.rmdir(path) : fs.unlink(path));
};

export async function lstatIfThere(path: string | Buffer): Promise<Stats | null> {
  try {
    return await fs.lstat(path);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
