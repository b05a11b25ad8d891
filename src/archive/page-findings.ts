import type { PageChecksumsResult } from './hash/page-checksums.ts';

/** A page that is not what its checksum says. */
export interface DamagedPage {
  /** As in the archive. */
  readonly path: string;
  /** Counted over all segments of the relation. */
  readonly block: number;
  readonly expected: number;
  readonly found: number;
}

/** What checking pages has found so far; plain JSON. */
export interface PageFindings {
  readonly pages: number;
  /** Wrong, but the WAL of the backup is to put them right. */
  readonly unproven: number;
  readonly damagedPages: number;
  /** The first ones. */
  readonly damaged: readonly DamagedPage[];
  /** Files that end inside a page. */
  readonly cutFiles: readonly string[];
}

export const noFindings: PageFindings = { pages: 0, unproven: 0, damagedPages: 0, damaged: [], cutFiles: [] };

const keptPages = 100;

export function addFindings(one: PageFindings, other: PageFindings): PageFindings {
  return {
    pages: one.pages + other.pages,
    unproven: one.unproven + other.unproven,
    damagedPages: one.damagedPages + other.damagedPages,
    damaged: [...one.damaged, ...other.damaged].slice(0, keptPages),
    cutFiles: [...one.cutFiles, ...other.cutFiles].slice(0, keptPages),
  };
}

export function findingsOf(path: string, result: PageChecksumsResult): PageFindings {
  return {
    pages: result.pages,
    unproven: result.unproven,
    damagedPages: result.damagedPages,
    damaged: result.damaged.map((page) => ({ path, ...page })),
    cutFiles: result.tailBytes > 0 ? [path] : [],
  };
}
