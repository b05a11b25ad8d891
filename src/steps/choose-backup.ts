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
import type { ObjectStorage } from '../storage/object-storage.ts';
import { type RestoreRequest, recoveryDefaults } from './restore-request.ts';
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
  const { target, timeline } = request.recovery ?? recoveryDefaults;
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
  for (const selection of selections) {
    const lineage = lineageOf(backups, selection.backup);
    const inspected = await inspectBackup(storage, selection.backup, signal, walPlace, {
      ...wanted,
      lineage,
    });
    const { proof, problem } = await prove(inspected);
    const chosen = { selection, contents: withProof(inspected, proof, problem), proof };
    if (problem === null) return chosen;
    first ??= chosen;
  }
  if (first === null) throw new OdoError('BUG', 'No backup was chosen, and none refused.');
  return first;
}

/** Where the records tell the place of the target, what lies behind it is neither needed nor missed. */
export function withProof(
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
