import type { WrongPage } from '../archive/hash/page-checksums.ts';
import type { RelationFile } from '../postgres/relation-file.ts';

/** A page that does not match its checksum in a database that was recovered and shut down. */
export interface DamagedPage extends WrongPage {
  /** As the server names it: `base/5/16401.2`, `pg_tblspc/16410/PG_17_…/5/16389`. */
  readonly path: string;
}

/** What is wrong after recovery, as it is found. */
export interface PageTally {
  /** The first hundred. */
  readonly damaged: DamagedPage[];
  damagedPages: number;
  /** Pages of free space and visibility maps that are wrong: nothing is lost with them. */
  readonly maps: DamagedPage[];
  mapPages: number;
  /** Files that end inside a page. */
  readonly cutFiles: string[];
}

export const newTally = (): PageTally => ({
  damaged: [],
  damagedPages: 0,
  maps: [],
  mapPages: 0,
  cutFiles: [],
});

const keptPages = 100;

/**
 * The maps of a relation are not damage: changes of theirs are not all logged as whole pages, so a backup may hold one
 * that was torn, and the server takes a wrong page of a map for an empty one (RBM_ZERO_ON_ERROR in freespace.c and
 * visibilitymap.c), which is always true enough.
 */
export function tellWrong(tally: PageTally, { fork }: Pick<RelationFile, 'fork'>, page: DamagedPage): void {
  const isMap = fork === 'fsm' || fork === 'vm';
  if (isMap) tally.mapPages++;
  else tally.damagedPages++;
  const list = isMap ? tally.maps : tally.damaged;
  if (list.length < keptPages) list.push(page);
}
