import type { PageChecksumsResult } from './hash/page-checksums.ts';

/** A file with pages that were not what their checksums say when they streamed by. */
export interface SuspectFile {
  /** In the tree that it was written to. */
  readonly path: string;
  /** Counted over all segments of the relation; null: too many to keep, or the file ends inside a page. */
  readonly blocks: readonly number[] | null;
}

/** What checking pages has found so far; plain JSON, at most some 200 KB. */
export interface PageFindings {
  readonly pages: number;
  readonly suspectPages: number;
  readonly suspects: readonly SuspectFile[];
  /** False: there are suspects in more files than are kept. */
  readonly isComplete: boolean;
}

export const noFindings: PageFindings = { pages: 0, suspectPages: 0, suspects: [], isComplete: true };

const keptBlocks = 10_000;
const keptFiles = 1000;

export function addFindings(one: PageFindings, other: PageFindings): PageFindings {
  const suspects = [...one.suspects];
  let blocks = suspects.reduce((sum, file) => sum + (file.blocks?.length ?? 0), 0);
  for (const file of other.suspects) {
    const isKept = blocks + (file.blocks?.length ?? 0) <= keptBlocks;
    const kept = isKept ? file : { ...file, blocks: null };
    suspects.push(kept);
    blocks += kept.blocks?.length ?? 0;
  }
  return {
    pages: one.pages + other.pages,
    suspectPages: one.suspectPages + other.suspectPages,
    suspects: suspects.slice(0, keptFiles),
    isComplete: one.isComplete && other.isComplete && suspects.length <= keptFiles,
  };
}

export function findingsOf(path: string, result: PageChecksumsResult): PageFindings {
  const { pages, wrong, wrongPages, tailBytes } = result;
  if (wrongPages === 0 && tailBytes === 0) return { ...noFindings, pages };
  const isWhole = tailBytes > 0 || wrong.length < wrongPages;
  const blocks = isWhole ? null : wrong.map(({ block }) => block);
  return { pages, suspectPages: wrongPages, suspects: [{ path, blocks }], isComplete: true };
}

/** Findings out of a journal: an older odo kept no list of its suspects. */
export function storedFindings(stored: PageFindings | OlderFindings): PageFindings {
  if ('suspects' in stored) return stored;
  const suspectPages = stored.unproven + stored.damagedPages;
  const isComplete = suspectPages === 0 && stored.cutFiles.length === 0;
  return { pages: stored.pages, suspectPages, suspects: [], isComplete };
}

interface OlderFindings {
  readonly pages: number;
  readonly unproven: number;
  readonly damagedPages: number;
  readonly cutFiles: readonly string[];
}
