import { OdoError } from '../errors/odo-error.ts';
import { crc32c } from './crc32c.ts';
import { formatLsn } from './lsn.ts';
import { majorOfCatalogVersion } from './server-version.ts';

/** pg_control.h, `DBState`, in its order. */
const states = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const;

/** xlog.h, `WalLevel`, in its order. */
const walLevels = ['minimal', 'replica', 'logical'] as const;

export type ClusterState = (typeof states)[number];

/** Settings the recovering server must not have lower than the primary had (manual, "Hot Standby"). */
export interface PrimaryMaxima {
  readonly max_connections: number;
  readonly max_worker_processes: number;
  readonly max_wal_senders: number;
  readonly max_prepared_transactions: number;
  readonly max_locks_per_transaction: number;
}

/** What odo needs of `global/pg_control` (pg_control.h, `ControlFileData`). LSNs as text. */
export interface ControlFile {
  /** Decimal. */
  readonly systemIdentifier: string;
  readonly controlVersion: number;
  readonly catalogVersion: number;
  /** By catalog version; null for one that odo does not know (a beta, a fork). */
  readonly serverMajor: number | null;
  readonly state: ClusterState;
  readonly checkpointLsn: string;
  readonly redoLsn: string;
  readonly checkpointTimeline: number;
  /** When that checkpoint was made, on the source where WAL brought it. RFC 3339, UTC. */
  readonly checkpointAt: string;
  /** `0/0` when no recovery was under way. */
  readonly minRecoveryPoint: string;
  readonly minRecoveryPointTimeline: number;
  readonly backupStartPoint: string;
  readonly backupEndPoint: string;
  readonly backupEndRequired: boolean;
  readonly maxima: PrimaryMaxima;
  readonly walLevel: 'minimal' | 'replica' | 'logical';
  readonly walLogHints: boolean;
  readonly trackCommitTimestamp: boolean;
  /** @unit bytes */
  readonly blockBytes: number;
  /** RELSEG_SIZE: of a file of a relation. */
  readonly blocksPerSegment: number;
  /** @unit bytes */
  readonly walBlockBytes: number;
  /** @unit bytes */
  readonly segmentBytes: number;
  /** 0: no page checksums. */
  readonly dataChecksumVersion: number;
}

const layout = {
  checkpoint: 32,
  redo: 40,
  checkpointTimeline: 48,
  checkpointTime: 104,
  minRecoveryPoint: 136,
  minRecoveryPointTimeline: 144,
  backupStartPoint: 152,
  backupEndPoint: 160,
  backupEndRequired: 168,
  walLevel: 172,
  walLogHints: 176,
  maxConnections: 180,
  maxWorkerProcesses: 184,
  maxWalSenders: 188,
  maxPreparedTransactions: 192,
  maxLocksPerTransaction: 196,
  trackCommitTimestamp: 200,
  blockBytes: 216,
  blocksPerSegment: 220,
  walBlockBytes: 224,
  segmentBytes: 228,
  dataChecksums: 252,
};

/** PG_CONTROL_VERSION and where the CRC lies; the fields in front of it have not moved since 12. */
const crcOffsets = new Map([
  [1201, 288], // 12
  [1300, 288], // 13 to 16
  [1700, 288], // 17
  [1800, 292], // 18 put default_char_signedness in front of the nonce
]);

const damaged = (what: string, hint: string, details: Record<string, unknown> = {}) =>
  new OdoError('FORMAT_UNKNOWN', `global/pg_control cannot be read: ${what}.`, { hint, details });

/** pg_time_t: seconds since the epoch. */
function timeOf(seconds: bigint): string {
  const instant = new Date(Number(seconds) * 1000);
  if (Number.isNaN(instant.getTime())) {
    throw damaged(`its last checkpoint is at the second ${seconds}`, 'Choose another backup.');
  }
  return instant.toISOString();
}

/**
 * Reads a control file of PostgreSQL 12 to 18 written on a 64-bit little-endian machine and checks its CRC-32C.
 * @throws FORMAT_UNKNOWN
 */
export function parseControlFile(bytes: Uint8Array): ControlFile {
  if (bytes.length < 296)
    throw damaged(`it has only ${bytes.length} bytes`, 'The backup is cut short. Choose another.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const controlVersion = view.getUint32(8, true);
  // Same test as the server: a version read with the wrong byte order is a multiple of 65536 (xlog.c, `ReadControlFile`).
  if (controlVersion !== 0 && controlVersion % 65536 === 0) {
    throw damaged(
      'it was written on a big-endian machine',
      'Restore it on a machine of the same architecture.',
    );
  }
  const crcAt = crcOffsets.get(controlVersion);
  if (crcAt === undefined) {
    throw damaged(`its version ${controlVersion} is not known`, 'odo reads PostgreSQL 13 to 18.', {
      controlVersion,
    });
  }
  if (crc32c(bytes.subarray(0, crcAt)) !== view.getUint32(crcAt, true)) {
    throw damaged(
      'its checksum is wrong',
      'The file is damaged, or of a fork of PostgreSQL. Choose another backup.',
    );
  }
  const state = states[view.getUint32(16, true)];
  if (state === undefined)
    throw damaged(`it has the unknown state ${view.getUint32(16, true)}`, 'Choose another backup.');
  const u32 = (at: number) => view.getUint32(at, true);
  const lsn = (at: number) => formatLsn(view.getBigUint64(at, true));
  const catalogVersion = u32(12);
  return {
    systemIdentifier: view.getBigUint64(0, true).toString(),
    controlVersion,
    catalogVersion,
    serverMajor: majorOfCatalogVersion(catalogVersion),
    state,
    checkpointLsn: lsn(layout.checkpoint),
    redoLsn: lsn(layout.redo),
    checkpointTimeline: u32(layout.checkpointTimeline),
    checkpointAt: timeOf(view.getBigInt64(layout.checkpointTime, true)),
    minRecoveryPoint: lsn(layout.minRecoveryPoint),
    minRecoveryPointTimeline: u32(layout.minRecoveryPointTimeline),
    backupStartPoint: lsn(layout.backupStartPoint),
    backupEndPoint: lsn(layout.backupEndPoint),
    backupEndRequired: view.getUint8(layout.backupEndRequired) !== 0,
    maxima: {
      max_connections: u32(layout.maxConnections),
      max_worker_processes: u32(layout.maxWorkerProcesses),
      max_wal_senders: u32(layout.maxWalSenders),
      max_prepared_transactions: u32(layout.maxPreparedTransactions),
      max_locks_per_transaction: u32(layout.maxLocksPerTransaction),
    },
    walLevel: walLevels[u32(layout.walLevel)] ?? 'replica',
    walLogHints: view.getUint8(layout.walLogHints) !== 0,
    trackCommitTimestamp: view.getUint8(layout.trackCommitTimestamp) !== 0,
    blockBytes: u32(layout.blockBytes),
    blocksPerSegment: u32(layout.blocksPerSegment),
    walBlockBytes: u32(layout.walBlockBytes),
    segmentBytes: u32(layout.segmentBytes),
    dataChecksumVersion: u32(layout.dataChecksums),
  };
}
