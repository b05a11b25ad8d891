import { compareLsn, parseLsn } from '../../postgres/lsn.ts';
import type { BaseBackup, IncrementalFacts } from '../base-backup.ts';

/** Looks for backups beside a folder that are not listed anyway. */
export type ListSiblings = (folder: string) => Promise<readonly BaseBackup[]>;

/**
 * Finds what incremental backups build on: nothing names it, but an incremental backup tells where the one before it
 * began, and no two backups of a cluster begin at the same position. One whose chain is broken gets the status
 * `incremental`, and as its problem what is missing.
 */
export async function followChains(
  found: readonly BaseBackup[],
  listSiblings: ListSiblings,
): Promise<BaseBackup[]> {
  const siblings = new Map<string, Promise<readonly BaseBackup[]>>();
  const siblingsOf = ({ folder }: BaseBackup): Promise<readonly BaseBackup[]> => {
    const known = siblings.get(folder) ?? listSiblings(folder);
    siblings.set(folder, known);
    return known;
  };
  return Promise.all(
    found.map(async (backup) => {
      if (backup.incremental === undefined || backup.status !== 'complete') return backup;
      const { links, problem } = await follow(backup, backup.incremental, found, siblingsOf);
      const dependsOn = links.map(({ id, folder }) => ({ id, folder }));
      const incremental = { ...backup.incremental, dependsOn };
      return problem === null
        ? { ...backup, incremental }
        : { ...backup, incremental, status: 'incremental' as const, problem };
    }),
  );
}

/** Oldest first, as far as it leads, and why it leads no further. */
async function follow(
  backup: BaseBackup,
  facts: IncrementalFacts,
  listed: readonly BaseBackup[],
  siblingsOf: (backup: BaseBackup) => Promise<readonly BaseBackup[]>,
): Promise<{ links: BaseBackup[]; problem: string | null }> {
  const links: BaseBackup[] = [];
  let child = backup;
  for (let from: IncrementalFacts | undefined = facts; from !== undefined; ) {
    const wrong = contradiction(child, from);
    if (wrong !== null) return { links, problem: wrong };
    const near = startingAt(from, listed);
    const isListed = near.some((one) => one.systemIdentifier === child.systemIdentifier);
    const candidates = isListed ? near : [...near, ...startingAt(from, await siblingsOf(backup))];
    const before = choose(child, candidates);
    if (before === null) return { links, problem: missing(backup, child, from, candidates) };
    const unusable = whyUnusable(before);
    if (unusable !== null) {
      const problem = `It is incremental and builds on ${before.id}, which cannot be combined with it: ${unusable}`;
      return { links, problem };
    }
    links.unshift(before);
    child = before;
    from = child.incremental;
  }
  return { links, problem: null };
}

/** Positions grow along a chain, and timelines do not go back; so a chain also ends. */
function contradiction(
  { id, beginLsn, timeline, endLsn }: BaseBackup,
  from: IncrementalFacts,
): string | null {
  if (endLsn === null)
    return `${id} is incremental, but has no finished backup_manifest of PostgreSQL 17 or later.`;
  const isLater =
    beginLsn === null ||
    timeline === null ||
    compareLsn(parseLsn(from.fromLsn), parseLsn(beginLsn)) >= 0 ||
    from.fromTimeline > timeline;
  return isLater
    ? `${id} begins at ${beginLsn} on timeline ${timeline}, but says it is incremental from ${place(from)}, which is later.`
    : null;
}

const place = ({ fromLsn, fromTimeline }: IncrementalFacts): string =>
  `${fromLsn} on timeline ${fromTimeline}`;

const startingAt = (from: IncrementalFacts, found: readonly BaseBackup[]): BaseBackup[] =>
  found.filter(
    ({ beginLsn, timeline }) =>
      beginLsn !== null &&
      timeline === from.fromTimeline &&
      compareLsn(parseLsn(beginLsn), parseLsn(from.fromLsn)) === 0,
  );

/** Of several copies one that can be used, a full one (combined with pg_combinebackup) before an incremental one. */
function choose(child: BaseBackup, candidates: readonly BaseBackup[]): BaseBackup | null {
  const own = candidates.filter(
    ({ systemIdentifier }) => systemIdentifier !== null && systemIdentifier === child.systemIdentifier,
  );
  const rank = (found: BaseBackup): number =>
    whyUnusable(found) !== null ? 2 : found.incremental === undefined ? 0 : 1;
  return own.toSorted((one, other) => rank(one) - rank(other))[0] ?? null;
}

function whyUnusable({ status, problem, endLsn }: BaseBackup): string | null {
  if (status !== 'complete') return problem ?? `it is ${status}.`;
  return endLsn === null ? 'it has no finished backup_manifest of PostgreSQL 17 or later.' : null;
}

function missing(
  backup: BaseBackup,
  child: BaseBackup,
  from: IncrementalFacts,
  foreign: readonly BaseBackup[],
): string {
  const who = child === backup ? 'It' : `It builds on ${child.id}, which`;
  const [other] = foreign;
  const found =
    other === undefined
      ? 'no backup that begins there was found'
      : `the only backup found that begins there, ${other.id}, is of another cluster (system identifier ${other.systemIdentifier} instead of ${child.systemIdentifier})`;
  return `${who} is incremental from ${place(from)}, and ${found}. Bring the missing backup back beside it, or choose another backup.`;
}
