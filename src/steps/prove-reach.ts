import type { BackupContents } from '../backup/base-backup.ts';
import { proveWal, type WalReach } from '../backup/prove-wal.ts';
import { OdoError } from '../errors/odo-error.ts';
import { automaticJobs } from './data-plane-options.ts';
import type { RestoreRequest } from './restore-request.ts';
import type { StepContext } from './step.ts';

/**
 * Reads the archived WAL up to the target, and says whether recovery will get there. Null for WAL that lies inside the
 * backup: that is read when it has been unpacked.
 */
export async function proveReach(
  { backup, wal }: BackupContents,
  majorOfServer: number | null,
  request: RestoreRequest,
  context: StepContext,
): Promise<WalReach | null> {
  const serverMajor = backup.serverMajor ?? majorOfServer;
  if (wal === null || wal.source !== 'archive' || serverMajor === null) return null;
  const { ports, signal } = context;
  const source = wal.isElsewhere ? await ports.walSource() : await ports.source();
  if (source === null)
    throw new OdoError('BUG', 'The WAL lies in an archive that the request does not name.');
  const { target, check, standby } = request.recovery;
  const reach = await proveWal({
    ...{ backup, wal, serverMajor, target, check, signal },
    storage: source.storage,
    rangeBytes: source.rangeBytes,
    threads: request.jobs === 'auto' ? automaticJobs(ports.cores()) : request.jobs,
    onProgress: (done, total, item) => context.progress({ unit: 'segments', done, total, item }),
  });
  // A standby goes on behind the end of the archive, with what its primary sends.
  return standby === null ? reach : { ...reach, stop: target };
}
