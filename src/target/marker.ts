import * as fs from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { DirectTree } from './direct-tree.ts';
import { syncDirectory, temporaryName } from './durable-fs.ts';
import { atPath, linkRefused, systemCode } from './fs-errors.ts';
import { markerFile } from './target.ts';
import type { Tree } from './tree.ts';
import { lstatIfThere } from './walk-directory.ts';

/** Run id in the marker file of a tree; null without one, or with one that odo did not write. */
export async function readMarker(tree: Tree): Promise<string | null> {
  const bytes = await tree.readFile(markerFile, 4096);
  if (bytes === null) return null;
  try {
    const marker: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof marker !== 'object' || marker === null || !('runId' in marker)) return null;
    return typeof marker.runId === 'string' ? marker.runId : null;
  } catch {
    return null;
  }
}

export type Holder =
  | { readonly kind: 'absent' | 'empty' | 'stranger' }
  | { readonly kind: 'run'; readonly runId: string };

/** Whose directory it is, by its marker. A link or a file in its place is a stranger's. */
export async function holderOf(path: string): Promise<Holder> {
  const stats = await atPath(path, () => lstatIfThere(path));
  if (stats === null) return { kind: 'absent' };
  if (!stats.isDirectory()) return { kind: 'stranger' };
  const tree = new DirectTree(path);
  const runId = await readMarker(tree);
  if (runId !== null) return { kind: 'run', runId };
  const halfWritten = basename(temporaryName(markerFile));
  const names = (await tree.list('')).map(({ name }) => name).filter((name) => name !== halfWritten);
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
