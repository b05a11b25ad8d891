import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { DirectTree } from './direct-tree.ts';
import { syncDirectory, temporaryEnding } from './durable-fs.ts';
import { atPath, linkRefused, systemCode } from './fs-errors.ts';
import { markerFile } from './target.ts';
import type { Tree } from './tree.ts';
import { lstatIfThere } from './walk-directory.ts';

/** What the marker file of a tree says. */
export interface Mark {
  readonly runId: string;
  /**
   * Of a tree that the run has not looked at since it marked it: another run may have come and gone just before, and
   * what is there be that one's.
   */
  readonly isProvisional: boolean;
}

/** Null without a marker file, or with one that odo did not write. */
export async function readMark(tree: Tree): Promise<Mark | null> {
  const bytes = await tree.readFile(markerFile, 4096);
  return bytes === null ? null : parseMark(Buffer.from(bytes).toString());
}

function parseMark(text: string): Mark | null {
  try {
    const mark: unknown = JSON.parse(text);
    if (typeof mark !== 'object' || mark === null || !('runId' in mark)) return null;
    if (typeof mark.runId !== 'string') return null;
    return { runId: mark.runId, isProvisional: 'isProvisional' in mark && mark.isProvisional === true };
  } catch {
    return null;
  }
}

/**
 * Marks a tree, provisionally, unless another run's mark is there: resolves with the mark that is. Of several runs that
 * come at once, whatever journals they have, one gets the tree.
 * @throws TARGET_NOT_EMPTY for a file of that name that is not odo's
 */
export async function placeMark(tree: Tree, runId: string): Promise<Mark> {
  const mark = { runId, isProvisional: true };
  for (;;) {
    const aside = `.${markerFile}.${runId}${temporaryEnding}`;
    if (await tree.createFile(markerFile, aside, textOf(mark), 0o600)) return mark;
    const bytes = await tree.readFile(markerFile, 4096);
    if (bytes === null) continue; // it was just removed
    const there = parseMark(Buffer.from(bytes).toString());
    if (there !== null) return there;
    throw new OdoError('TARGET_NOT_EMPTY', `${markerFile} in ${tree.description} was not written by odo.`, {
      hint: 'Look at that file; remove it if nothing needs it, then resume the run.',
    });
  }
}

/** What the run found in the tree that it had marked is its own to replace. */
export async function settleMark(tree: Tree, runId: string): Promise<void> {
  await tree.writeFile(markerFile, textOf({ runId }), 0o600);
}

const textOf = (mark: Pick<Mark, 'runId'> & Partial<Mark>): string =>
  `${JSON.stringify({ ...mark, note: 'This directory is being restored by odo; do not start PostgreSQL on it.' })}\n`;

/** The file was being written when its odo was killed. */
const isHalfWritten = (name: string): boolean =>
  name.startsWith(`.${markerFile}.`) && name.endsWith(temporaryEnding);

export type Holder =
  | { readonly kind: 'absent' | 'empty' | 'stranger' }
  | { readonly kind: 'run'; readonly runId: string };

/** Whose directory it is, by its marker. A link or a file in its place is a stranger's. */
export async function holderOf(path: string): Promise<Holder> {
  const stats = await atPath(path, () => lstatIfThere(path));
  if (stats === null) return { kind: 'absent' };
  if (!stats.isDirectory()) return { kind: 'stranger' };
  const tree = new DirectTree(path);
  const mark = await readMark(tree);
  if (mark !== null) return { kind: 'run', runId: mark.runId };
  const names = (await tree.list('')).map(({ name }) => name).filter((name) => !isHalfWritten(name));
  return { kind: names.length === 0 ? 'empty' : 'stranger' };
}

/** A directory of odo's own beside data: made with a marker, or found with it. Its parent must be there. */
export async function makeMarkedDirectory(path: string, runId: string): Promise<void> {
  const stats = await atPath(path, () => lstatIfThere(path));
  if (stats?.isSymbolicLink()) throw linkRefused(path);
  const holder = await holderOf(path);
  if (holder.kind === 'run' && holder.runId === runId) return;
  if (holder.kind === 'run' || holder.kind === 'stranger') {
    throw new OdoError('TARGET_CHANGED', `${path} exists, and was not made by run ${runId}.`, {
      hint: 'Find out who made it, and move it away.',
      details: { path, heldByRun: holder.kind === 'run' ? holder.runId : null },
    });
  }
  await atPath(path, async () => {
    if (holder.kind === 'absent') await fs.mkdir(path, { mode: 0o700 });
    await syncDirectory(dirname(path));
  });
  await new DirectTree(path).writeFile(markerFile, `${JSON.stringify({ runId })}\n`, 0o600);
}

/** Removes the directory if its marker names this run, the marker last; anything else stays as it is. */
export async function removeMarkedDirectory(path: string, runId: string): Promise<void> {
  const holder = await holderOf(path);
  const isThisRuns = holder.kind === 'run' && holder.runId === runId;
  if (!isThisRuns && holder.kind !== 'empty') return;
  const tree = new DirectTree(path);
  if (isThisRuns) await tree.clear([markerFile]);
  await tree.clear([]);
  await atPath(path, async () => {
    await fs.rmdir(path).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
    await syncDirectory(dirname(path));
  });
}
