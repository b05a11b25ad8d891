import { OdoError } from '../errors/odo-error.ts';
import { parseBackupLabel } from '../postgres/backup-label.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import type { Tree } from '../target/tree.ts';
import { sealedFiles, sealedFolder } from './layout.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { Step } from './step.ts';

/**
 * Puts the files in place that make the directory startable, pg_control last: until then no server starts on a
 * half-restored directory. Each move is a durable rename and is done at most once.
 */
export const seal: Step = {
  name: 'seal',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const tree = await target.dataTree(context.runId);
    const label = await readEither(tree, 'backup_label');
    const control = await readEither(tree, 'global/pg_control');
    checkIdentity(plan, label, control);
    for (const { from, to } of sealedFiles) {
      if (to === 'tablespace_map' && plan.tablespaces.length === 0) continue;
      await tree.rename(from, to);
      context.failpoint(`seal:${to}`);
    }
    await tree.remove(sealedFolder);
    return { tablespaces: plan.tablespaces.length };
  },
};

/** From its final place, or from where the restore put it. */
async function readEither(tree: Tree, place: string): Promise<Uint8Array | null> {
  const name = place.split('/').at(-1);
  const limit = 1024 * 1024;
  return (await tree.readFile(place, limit)) ?? tree.readFile(`${sealedFolder}/${name}`, limit);
}

/** The last look before the directory can be started: it is the cluster and the backup that were planned. */
function checkIdentity(plan: RestorePlan, label: Uint8Array | null, control: Uint8Array | null): void {
  if (label === null || control === null) {
    throw new OdoError(
      'BACKUP_INCOMPLETE',
      `The archives of backup ${plan.contents.backup.id} hold no ${label === null ? 'backup_label' : 'global/pg_control'}; the backup is incomplete.`,
      { hint: 'Choose another backup with --backup.' },
    );
  }
  const { backup } = plan.contents;
  const { systemIdentifier } = parseControlFile(control);
  if (backup.systemIdentifier !== null && systemIdentifier !== backup.systemIdentifier) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `The restored files are of the cluster ${systemIdentifier}, but backup ${backup.id} says it is of ${backup.systemIdentifier}.`,
      {
        hint: 'The backup’s archives and its metadata do not belong together; choose another backup with --backup.',
      },
    );
  }
  const { startLsn } = parseBackupLabel(Buffer.from(label).toString('utf8'));
  if (backup.beginLsn !== null && startLsn !== backup.beginLsn) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `The restored backup_label starts at ${startLsn}, but backup ${backup.id} says ${backup.beginLsn}.`,
      {
        hint: 'The backup’s archives and its metadata do not belong together; choose another backup with --backup.',
      },
    );
  }
}
