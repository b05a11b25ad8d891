import type { PreflightFacts } from './facts.ts';
import type { RestoreRequest } from './restore-request.ts';

export interface SpaceNeed {
  /** Data directory, the fetched WAL, and the segments recovery keeps in pg_wal. @unit bytes */
  readonly neededBytes: number;
  readonly isExact: boolean;
  /** Free now, plus what cleaning the target gives back. @unit bytes */
  readonly availableBytes: number;
  readonly reclaimableBytes: number;
}

/** PostgreSQL's default max_wal_size: what recovery may keep in pg_wal before it recycles. */
const walKeptByRecovery = 1024 ** 3;

export function spaceNeed(facts: PreflightFacts, request: RestoreRequest): SpaceNeed {
  const { contents, target } = facts;
  const walBytes =
    contents.wal === null
      ? 0
      : contents.wal.source === 'archive'
        ? contents.wal.objects.length * contents.wal.segmentBytes
        : contents.archives
            .filter((archive) => archive.content === 'wal')
            .reduce((sum, archive) => sum + Math.max(archive.sizeBytes, contents.wal?.segmentBytes ?? 0), 0);
  const reclaimableBytes = request.target.kind === 'new-volume' ? 0 : target.usedBytes;
  return {
    neededBytes: contents.dataBytes + walBytes + Math.min(walBytes, walKeptByRecovery),
    isExact: contents.dataBytesIsExact,
    availableBytes: target.freeBytes + reclaimableBytes,
    reclaimableBytes,
  };
}
