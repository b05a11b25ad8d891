import { openHashModule, wrongPagesIn } from '../archive/hash/hash-module.ts';
import type { SuspectFile } from '../archive/page-findings.ts';
import { OdoError } from '../errors/odo-error.ts';
import { firstBlockOf, parseRelationFile } from '../postgres/relation-file.ts';
import type { Tree } from '../target/tree.ts';
import { pageBytes } from './page-check.ts';
import { type PageTally, tellWrong } from './page-tally.ts';

/** Read at once where single pages are wanted, and where all of a file is: through the engine a read costs some 50 ms. */
const pagesAtOnce = { some: 128, all: 2048 };

export interface RereadOptions {
  readonly tree: Tree;
  /** Path of a file in the tree, as its server names it. */
  readonly serverPath: (path: string) => string;
  /** Of this cluster; odo counted with 1 GiB while the files streamed. */
  readonly blocksPerSegment: number;
  readonly signal: AbortSignal;
}

/** Reads suspects again, of a server that was shut down cleanly. What was dropped or cut off by the replay is no more. */
export async function rereadPages(
  suspects: readonly SuspectFile[],
  tally: PageTally,
  options: RereadOptions,
): Promise<void> {
  for (const suspect of onePerFile(suspects)) await rereadFile(suspect, tally, options);
}

/** Stretches of an archive, and backups of a chain, may each have said something about a file. */
function onePerFile(suspects: readonly SuspectFile[]): SuspectFile[] {
  const files = new Map<string, SuspectFile>();
  for (const { path, blocks } of suspects) {
    const known = files.get(path)?.blocks;
    const both = known === undefined ? blocks : known && blocks && [...new Set([...known, ...blocks])];
    files.set(path, { path, blocks: both });
  }
  return [...files.values()];
}

async function rereadFile(suspect: SuspectFile, tally: PageTally, options: RereadOptions): Promise<void> {
  const { tree, serverPath, blocksPerSegment, signal } = options;
  const path = serverPath(suspect.path);
  const file = parseRelationFile(path);
  if (file === null) throw new OdoError('BUG', `${path} has no pages.`);
  const streamedFirst = firstBlockOf(file, pageBytes);
  const first = firstBlockOf(file, pageBytes, blocksPerSegment);
  const wanted = suspect.blocks?.map((block) => block - streamedFirst).sort((one, other) => one - other);
  const module = await openHashModule();
  for (const { from, pages } of windowsOf(wanted)) {
    signal.throwIfAborted();
    const bytes = await tree.readPart(suspect.path, from * pageBytes, pages * pageBytes);
    if (bytes === null) return;
    const tailBytes = bytes.length % pageBytes;
    const whole = bytes.subarray(0, bytes.length - tailBytes);
    for (const page of wrongPagesIn(module, whole, { pageBytes, block: first + from })) {
      if (wanted === undefined || wanted.includes(page.block - first))
        tellWrong(tally, file, { path, ...page });
    }
    if (wanted === undefined && tailBytes > 0) tally.cutFiles.push(path);
    if (bytes.length < pages * pageBytes) return;
  }
}

/** Stretches of a file that hold the wanted pages; without any, all of it, one after the other. */
function* windowsOf(wanted: readonly number[] | undefined): Iterable<{ from: number; pages: number }> {
  if (wanted === undefined) {
    for (let from = 0; ; from += pagesAtOnce.all) yield { from, pages: pagesAtOnce.all };
  }
  for (let n = 0; n < wanted.length; ) {
    const from = wanted[n] ?? 0;
    let last = from;
    for (; n < wanted.length && (wanted[n] ?? 0) < from + pagesAtOnce.some; n++) last = wanted[n] ?? 0;
    yield { from, pages: last - from + 1 };
  }
}
