import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ObjectWriter } from '../storage/object-writer.ts';
import type { BackupDocument } from './backup-document.ts';
import { listOwnBackups, removeOwnBackup } from './own-backups.ts';
import { noLongerKept } from './retention.ts';
import type { Retention } from './take-request.ts';
import type { TakeSurroundings } from './take-surroundings.ts';

/** A backup that is not finished after so long will not be. @unit ms */
const leftoverMs = 24 * 60 * 60 * 1000;

/** Removes, once a new backup is complete, the older ones that are not kept, and what was left of ones that were killed. */
export async function removeOldBackups(
  { storage, writer, prefix }: { storage: ObjectStorage; writer: ObjectWriter; prefix: string },
  { kept, retention }: { kept: BackupDocument; retention: Retention },
  { now, onEvent, signal }: Pick<TakeSurroundings, 'now' | 'onEvent' | 'signal'>,
): Promise<void> {
  if (retention.keepLast === null && retention.keepForMs === null) return;
  const own = await listOwnBackups(storage, prefix, signal);
  const finished = own.flatMap(({ document, ...one }) =>
    document === null
      ? []
      : [{ ...one, document, finishedAt: document.finishedAt, systemIdentifier: document.systemIdentifier }],
  );
  const others = finished.filter(({ systemIdentifier }) => systemIdentifier !== kept.systemIdentifier);
  if (others.length > 0) {
    const message = `${others.length} backups there are of another database cluster; they do not count and are left alone.`;
    onEvent({ at: now().toISOString(), type: 'notice', level: 'info', message });
  }
  const old = noLongerKept(finished, retention, { systemIdentifier: kept.systemIdentifier, now: now() });
  for (const backup of old) {
    await removeOwnBackup(writer, backup, signal);
    const { id, finishedAt } = backup;
    onEvent({ at: now().toISOString(), type: 'removed', id, reason: 'retention', finishedAt });
  }
  for (const { id, folder, document, begunAt } of own) {
    if (document !== null || begunAt === null) continue;
    if (now().getTime() - Date.parse(begunAt) < leftoverMs) continue;
    await removeOwnBackup(writer, { folder, document: null, begunAt }, signal);
    onEvent({ at: now().toISOString(), type: 'removed', id, reason: 'unfinished', finishedAt: null });
  }
}
