import type { BackupContents } from '../backup/base-backup.ts';
import type { TargetFacts } from '../target/target.ts';
import type { PreflightFacts } from './facts.ts';
import { tablespaceName } from './resolve-tablespaces.ts';
import type { RestoreRequest } from './restore-request.ts';
import { tablespaceBytes } from './tablespace-bytes.ts';
import { isReplaced } from './tablespace-facts.ts';

/** What the restore needs of one file system. */
export interface SpaceNeed {
  /** What goes there, for a person: the target, or tablespaces. */
  readonly description: string;
  /** On the data directory's: its files, the WAL that waits for its replay, and what recovery keeps in pg_wal. @unit bytes */
  readonly neededBytes: number;
  readonly isExact: boolean;
  /** @unit bytes */
  readonly freeBytes: number;
  /** Free now, plus what cleaning the targets gives back. @unit bytes */
  readonly availableBytes: number;
  readonly reclaimableBytes: number;
}

/** PostgreSQL's default max_wal_size: what recovery may keep in pg_wal before it recycles. */
const walKeptByRecovery = 1024 ** 3;

/** The data directory's file system first, then each other one that tablespaces go to. */
export function spaceNeeds(
  facts: PreflightFacts,
  request: RestoreRequest,
): [data: SpaceNeed, ...others: SpaceNeed[]] {
  const { contents, target } = facts;
  const walBytes = walBytesOf(contents);
  const elsewhere = facts.tablespaces.flatMap(({ tablespace, serverPath, place }) => {
    if (place === null) return [];
    const bytes = tablespaceBytes(contents, tablespace.oid);
    // What cannot be told apart counts as the data directory's: rather too much is asked for there than too little.
    const isApart = bytes !== null && (place.facts.fileSystem ?? target.fileSystem) !== target.fileSystem;
    const reclaimableBytes = isReplaced({ serverPath, facts: place.facts }, target, request)
      ? place.facts.usedBytes
      : 0;
    const common = { name: tablespaceName(tablespace), facts: place.facts, isApart, reclaimableBytes };
    return [{ ...common, neededBytes: bytes ?? 0 }];
  });
  const apart = elsewhere.filter(({ isApart }) => isApart);
  const data = needOf(target.description, target, contents, {
    neededBytes:
      contents.dataBytes -
      sum(apart.map(({ neededBytes }) => neededBytes)) +
      waitingWal(contents, request) +
      Math.min(walBytes, walKeptByRecovery),
    reclaimableBytes:
      (request.target.kind === 'new-volume' ? 0 : target.usedBytes) +
      sum(elsewhere.filter(({ isApart }) => !isApart).map((one) => one.reclaimableBytes)),
  });
  const others = [...new Set(apart.map((one) => one.facts.fileSystem))].flatMap((fileSystem) => {
    const sharing = apart.filter((one) => one.facts.fileSystem === fileSystem);
    const [first] = sharing;
    if (first === undefined) return [];
    const places = sharing.map(({ name, facts: { description } }) => `${description} (tablespace ${name})`);
    return needOf(places.join(', '), first.facts, contents, {
      neededBytes: sum(sharing.map((one) => one.neededBytes)),
      reclaimableBytes: sum(sharing.map((one) => one.reclaimableBytes)),
    });
  });
  return [data, ...others];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

function needOf(
  description: string,
  { freeBytes }: TargetFacts,
  contents: BackupContents,
  bytes: { neededBytes: number; reclaimableBytes: number },
): SpaceNeed {
  const isExact = contents.dataBytesIsExact;
  return { description, ...bytes, isExact, freeBytes, availableBytes: freeBytes + bytes.reclaimableBytes };
}

/** Of an archive no more than the spool takes; what the backup itself brings, or nobody will feed, is there at once. */
function waitingWal(contents: BackupContents, { recovery, preparesOnly }: RestoreRequest): number {
  const walBytes = walBytesOf(contents);
  const isSpooled = contents.wal?.source === 'archive' && preparesOnly !== true;
  return isSpooled ? Math.min(walBytes, recovery.spoolBytes) : walBytes;
}

function walBytesOf({ archives, wal }: BackupContents): number {
  if (wal === null) return 0;
  if (wal.source === 'archive') return wal.objects.length * wal.segmentBytes;
  return archives
    .filter((archive) => archive.content === 'wal')
    .reduce((total, archive) => total + Math.max(archive.sizeBytes, wal.segmentBytes), 0);
}
