import { backupsForTarget } from '../backup/backups-for-target.ts';
import type { BackupContents, BaseBackup } from '../backup/base-backup.ts';
import { inspectBackup } from '../backup/catalogue.ts';
import type { BackupSelection } from '../backup/select-backup.ts';
import { readTargetPaths } from '../backup/target-paths.ts';
import { isGapBehindConsistency } from '../backup/wal-problems.ts';
import type { WalProof } from '../backup/wal-proof.ts';
import { walUpTo } from '../backup/wal-up-to.ts';
import { lineageOf } from '../backup/wanted-end.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { RestoreRequest } from './restore-request.ts';
import type { StepContext } from './step.ts';

/** What reading the WAL of a backup showed: whether the target is reached from it, and why not. */
export interface ProvenWal {
  readonly proof: WalProof | null;
  readonly problem: ErrorData | null;
}

export interface ChosenBackup {
  readonly selection: BackupSelection;
  readonly contents: BackupContents;
  readonly proof: WalProof | null;
}

/**
 * The backup from which the target is reached, and all that a restore of it reads. Where only the WAL tells which that
 * is, `prove` goes from the newest to older ones; when it finds none, what is wrong with the first is the answer.
 */
export async function chooseBackup(
  request: RestoreRequest,
  { storage, backups }: { readonly storage: ObjectStorage; readonly backups: readonly BaseBackup[] },
  { ports, signal }: Pick<StepContext, 'ports' | 'signal'>,
  prove: (contents: BackupContents) => Promise<ProvenWal> = async () => ({ proof: null, problem: null }),
): Promise<ChosenBackup> {
  const { target, timeline } = request.recovery;
  const wanted = { target, timeline };
  const walPlace = await ports.walSource();
  const selections = backupsForTarget(backups, {
    ...wanted,
    ...(request.server === null ? {} : { server: request.server }),
    backup: request.backup,
    before: request.before ?? null,
    pathTo: await readTargetPaths(storage, backups, timeline, walPlace, signal),
  });
  let first: ChosenBackup | null = null;
  let newer: BackupContents | null = null;
  for (const selection of selections) {
    const lineage = lineageOf(backups, selection.backup);
    const inspected = await inspectBackup(storage, selection.backup, signal, walPlace, {
      ...wanted,
      lineage,
    });
    const { proof, problem } = await prove(newer === null ? inspected : inFrontOf(inspected, newer));
    const chosen = { selection, contents: withProof(inspected, proof, problem), proof };
    // Without a proof an older one is not better than the first.
    if (problem === null && (first === null || proof !== null)) return chosen;
    first ??= chosen;
    if (problem !== null && !mayLieBefore(target, problem)) break;
    newer = inspected;
  }
  if (first === null) throw new OdoError('BUG', 'No backup was chosen, and none refused.');
  return first;
}

/**
 * Whether the target may be reached from an older backup, by what was wrong with a newer one (wal-scan/unreachable.ts):
 * a transaction or restore point was not found behind it, or lies before its end, as a time can.
 */
const mayLieBefore = (target: RecoveryTarget, { code, details }: ErrorData): boolean =>
  code === 'TARGET_UNREACHABLE' &&
  (target.kind === 'xid' || target.kind === 'name' || details?.earliestLsn !== undefined);

/** On the same way, everything behind the end of a newer backup has been looked through already. */
function inFrontOf(contents: BackupContents, newer: BackupContents): BackupContents {
  const { wal } = contents;
  const { endLsn } = newer.backup;
  if (wal === null || endLsn === null || newer.wal?.timeline !== wal.timeline) return contents;
  return { ...contents, wal: walUpTo(wal, endLsn) };
}

/** Where the records tell the place of the target, what lies behind it is neither needed nor missed. */
function withProof(
  contents: BackupContents,
  proof: WalProof | null,
  problem: ErrorData | null,
): BackupContents {
  if (problem !== null) return { ...contents, problems: [...contents.problems, problem] };
  if (proof === null || proof.stop === null || contents.wal === null) return contents;
  const gaps = contents.problems.filter(isGapBehindConsistency);
  return {
    ...contents,
    wal: walUpTo(contents.wal, proof.stop.lsn),
    problems: contents.problems.filter((one) => !isGapBehindConsistency(one)),
    warnings: [...contents.warnings, ...gaps.map(({ message }) => `${message} The target lies before that.`)],
  };
}
