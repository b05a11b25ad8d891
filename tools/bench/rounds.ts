/** Contenders in turn, A B C A B C …, so that a slow minute of the machine falls on all of them. */
import { join } from 'node:path';
import type { Backups } from './backups.ts';
import { makeBenchDir, say } from './bench-dir.ts';
import { type Contender, type Detail, type Result, type Round, treeOf } from './contender.ts';
import { freeBytes, rememberUndisturbed, removeTargets, settleDisk } from './disk.ts';
import { median } from './statistics.ts';
import { startStore } from './store.ts';
import {
  compareTrees,
  measureTree,
  readTree,
  type TreeContent,
  type TreeSize,
  unpackReference,
} from './tree.ts';

export interface Standing {
  readonly contender: Contender;
  readonly results: readonly (Result & { readonly storeCpuSeconds: number })[];
  readonly notes: readonly string[];
}

export interface CaseReport {
  readonly backups: Backups;
  readonly treeSize: TreeSize;
  readonly rounds: number;
  readonly hasColdCache: boolean;
  readonly standings: readonly Standing[];
  /** Title and reason. */
  readonly absent: readonly (readonly [title: string, reason: string])[];
}

export const wallOf = ({ results }: Standing): number =>
  median(results.map(({ wallSeconds }) => wallSeconds));

export function detailOf({ results }: Standing, detail: Detail): number | undefined {
  const values = results.flatMap(({ details }) => details?.[detail] ?? []);
  return values.length === 0 ? undefined : median(values);
}

interface MutableStanding {
  readonly contender: Contender;
  readonly results: (Result & { readonly storeCpuSeconds: number })[];
  readonly notes: Set<string>;
}

export async function runRounds(
  backups: Backups,
  contenders: readonly Contender[],
  rounds: number,
): Promise<CaseReport> {
  rememberUndisturbed();
  await using store = await startStore(backups.s3Dir);
  const session = `${backups.caseName}-${process.pid}`;
  const roundIn = (name: string): Round => ({
    backups,
    store,
    directory: makeBenchDir(['targets', session, name]),
  });
  const targets: string[] = [];
  const standings: MutableStanding[] = [];
  const absent: [string, string][] = [];
  let hasColdCache = true;
  try {
    const reference = await unpackReference(backups.tarFile, join(session, 'reference'));
    for (const contender of contenders) {
      const reason = (await contender.absent?.()) ?? null;
      if (reason !== null) {
        say(`${contender.name}: left out, ${reason}`);
        absent.push([contender.title, reason]);
        continue;
      }
      await contender.prepare?.(roundIn(`prepared-${contender.name}`));
      standings.push({ contender, results: [], notes: new Set() });
    }
    for (let n = 1; n <= rounds; n++) {
      for (const { contender, results, notes } of standings) {
        if (freeBytes() < 3 * backups.tarBytes + 4e9) await removeTargets(targets.splice(0));
        const round = roundIn(`${n}-${contender.name}`);
        targets.push(round.directory);
        hasColdCache = (await settleDisk()) && hasColdCache;
        const storeCpu = store.cpuSeconds();
        const result = await contender.run(round);
        results.push({ ...result, storeCpuSeconds: store.cpuSeconds() - storeCpu });
        say(`${backups.caseName} ${n}/${rounds} ${contender.name}: ${result.wallSeconds.toFixed(2)} s`);
        for (const note of result.notes ?? []) notes.add(note);
        if (result.lacks !== undefined) notes.add(`lacks ${result.lacks}`);
        if (n > 1) continue;
        const laidDown = contender.layDown ? roundIn(`laid-down-${contender.name}`) : round;
        if (laidDown !== round) targets.push(laidDown.directory);
        await contender.layDown?.(laidDown);
        notes.add(checkTree(contender, treeOf(laidDown), reference));
      }
    }
    return {
      backups,
      treeSize: reference.size,
      rounds,
      hasColdCache,
      standings: standings.map((standing) => ({
        ...standing,
        notes: [...standing.notes].filter((note) => note !== ''),
      })),
      absent,
    };
  } finally {
    await removeTargets([makeBenchDir(['targets', session])]);
  }
}

/** Throws when a contender has not restored what it says; otherwise a note for the page. */
function checkTree(
  { name, tree }: Contender,
  root: string,
  reference: { readonly size: TreeSize; readonly content: TreeContent },
): string {
  if (tree === 'none') return '';
  const found = measureTree(root);
  const size = `${found.files} files, ${found.bytes} bytes`;
  if (tree === 'similar') {
    const ratio = (part: keyof TreeSize) => Math.abs(found[part] / reference.size[part] - 1);
    if (ratio('files') > 0.02 || ratio('bytes') > 0.02)
      throw new Error(
        `${name} restored ${size}; tar's tree has ${reference.size.files} files, ${reference.size.bytes} bytes.`,
      );
    return `${size}: another backup of the same cluster`;
  }
  const differences = compareTrees(reference.content, readTree(root));
  if (differences.length > 0)
    throw new Error(
      `${name}: ${differences.length} files are not as tar unpacks them: ${differences.slice(0, 5).join('; ')}`,
    );
  return `${reference.content.size} files compared with tar's tree by checksum: the same`;
}
