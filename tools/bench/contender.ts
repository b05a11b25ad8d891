import type { Backups } from './backups.ts';
import type { Store } from './store.ts';
import type { Cost } from './timed-command.ts';

export interface Round {
  readonly backups: Backups;
  readonly store: Store;
  /** Fresh and empty, of this round alone. */
  readonly directory: string;
}

/** Figures besides wall, CPU and memory. @unit seconds */
export type Detail = 'restoreBase' | 'toSeal' | 'process' | 'firstNewByte';

export interface Result extends Cost {
  readonly details?: Readonly<Partial<Record<Detail, number>>>;
  readonly notes?: readonly string[];
  /** What it was to show and could not, such as a seek index: its time then proves nothing. */
  readonly lacks?: string;
}

/**
 * How the tree it leaves is checked, once: `same` as what tar unpacks from the same archive; `similar` in number of
 * files and bytes, for another backup of the same cluster; `none` when it leaves no tree.
 */
export type TreeCheck = 'same' | 'similar' | 'none';

export interface Contender {
  readonly name: string;
  readonly title: string;
  /** Whether what it has written survives a power cut when it ends. */
  readonly isDurable: boolean;
  readonly tree: TreeCheck;
  /** Why it cannot take part, or null. */
  readonly absent?: () => Promise<string | null>;
  /** Once before the first round, not measured. */
  readonly prepare?: (round: Round) => Promise<void>;
  /** Lays down the tree to compare, not measured, when `run` goes on after that and changes it. */
  readonly layDown?: (round: Round) => Promise<void>;
  /** Restores into `treeOf(round)`. */
  readonly run: (round: Round) => Promise<Result>;
}

/** Where a contender lays down the data directory; not there yet when it begins. */
export const treeOf = ({ directory }: Pick<Round, 'directory'>): string => `${directory}/data`;
