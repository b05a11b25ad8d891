import { backupsForTarget } from '../backup/backups-for-target.ts';
import type { BackupContents, BaseBackup } from '../backup/base-backup.ts';
import { inspectBackup } from '../backup/catalogue.ts';
import type { BackupSelection } from '../backup/select-backup.ts';
import { readTargetPaths } from '../backup/target-paths.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { type RestoreRequest, recoveryDefaults } from './restore-request.ts';
import type { StepContext } from './step.ts';

/** The backup from which the target is reached, and all that a restore of it reads. */
export async function chooseBackup(
  request: RestoreRequest,
  { storage, backups }: { readonly storage: ObjectStorage; readonly backups: readonly BaseBackup[] },
  { ports, signal }: Pick<StepContext, 'ports' | 'signal'>,
): Promise<{ selection: BackupSelection; contents: BackupContents }> {
  const { target, timeline } = request.recovery ?? recoveryDefaults;
  const wanted = { target, timeline };
  const walPlace = await ports.walSource();
  const [selection] = backupsForTarget(backups, {
    ...wanted,
    ...(request.server === null ? {} : { server: request.server }),
    backup: request.backup,
    before: request.before ?? null,
    pathTo: await readTargetPaths(storage, backups, timeline, walPlace, signal),
  });
  if (selection === undefined) throw new OdoError('BUG', 'No backup was chosen, and none refused.');
  return { selection, contents: await inspectBackup(storage, selection.backup, signal, walPlace, wanted) };
}
