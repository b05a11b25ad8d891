import type { ErrorData } from '../errors/serialize.ts';

/** How the bytes of an archive object are compressed; found by content, and by name only for brotli, which has no magic. */
export type Codec = 'none' | 'gzip' | 'bzip2' | 'lz4' | 'zstd' | 'xz' | 'snappy' | 'brotli' | 'unknown';

export type BackupFormatName = 'barman-cloud' | 'pg-basebackup' | 'wal-g';

/**
 * - `complete`: finished, as far as its own metadata and object names tell
 * - `incomplete`: still running, killed, or parts missing
 * - `failed`: the tool that made it says so
 * - `snapshot`, `incremental`: cannot be restored from these objects alone; an incremental backup whose chain is whole is
 *   `complete`
 * - `unreadable`: metadata that cannot be parsed
 */
export type BackupStatus = 'complete' | 'incomplete' | 'failed' | 'snapshot' | 'incremental' | 'unreadable';

export interface Tablespace {
  /** OID, decimal. */
  readonly oid: string;
  /** Null when the backup does not record it (pg_basebackup). */
  readonly name: string | null;
  /** Absolute path on the source server; null when unknown. */
  readonly location: string | null;
}

/** A backup that an incremental one builds on. */
export interface ChainedBackup {
  /** As in the catalogue; begins with `../` when it lies beside the address that was given. */
  readonly id: string;
  readonly folder: string;
}

/** What an incremental backup (PostgreSQL 17 and later) builds on. */
export interface IncrementalFacts {
  /** Where the backup before it begins: `X/X`, and the timeline. */
  readonly fromLsn: string;
  readonly fromTimeline: number;
  /** Oldest first, as far as they were found; when the chain is whole the first one is full. */
  readonly dependsOn: readonly ChainedBackup[];
}

/** One catalogue entry: plain JSON, also shown by `odo backups --json`. */
export interface BaseBackup {
  /**
   * barman-cloud: the backup id; pg_basebackup: the folder's name below the prefix (or `.` when it is the prefix);
   * WAL-G: `base_<segment>`.
   */
  readonly id: string;
  readonly format: BackupFormatName;
  /** Key prefix of the backup's folder, with trailing slash (or empty). */
  readonly folder: string;
  /** barman-cloud: the server folder's name; WAL-G: that of the folder above `basebackups_005/`. */
  readonly server: string | null;
  /** Key prefix of the WAL archive (`wals/`, `wal_005/`), null when the WAL is inside the backup. */
  readonly walFolder: string | null;
  readonly name: string | null;
  readonly status: BackupStatus;
  /** Why it is not `complete`, for a person; null when it is. */
  readonly problem: string | null;
  /** The store denies reading it (`unreadable`), which says nothing about the backup itself. @default false */
  readonly isDenied?: boolean;
  /** RFC 3339; null when not recorded. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Sum of the archive objects. @unit bytes */
  readonly storedBytes: number;
  /** Size of the unpacked data directory without WAL where recorded (cluster_size, manifest). @unit bytes */
  readonly dataBytes: number | null;
  /** PostgreSQL major: 13 … 18. */
  readonly serverMajor: number | null;
  /** Decimal. */
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  /** `X/X` */
  readonly beginLsn: string | null;
  readonly endLsn: string | null;
  readonly tablespaces: readonly Tablespace[];
  /** Absent for a full backup. */
  readonly incremental?: IncrementalFacts;
  // What follows is absent where a format, or the odo that made a stored plan, does not tell it.
  /** `server_version_num`: 150018 is 15.18. */
  readonly serverVersion?: number | null;
  /** Of its first archive, or its files; null when it was not looked at. */
  readonly codec?: Codec | null;
  /** Another one than `timeline` when a standby followed a switch during the backup. */
  readonly endTimeline?: number | null;
  /** WAL segment size as recorded. @unit bytes */
  readonly segmentBytes?: number | null;
  /** Without a WAL archive: whether it brings its own WAL; null when names do not tell. */
  readonly holdsWal?: boolean | null;
  /**
   * Retention leaves it alone: `full` with all WAL behind it, `standalone` with only the WAL that it needs itself, so that
   * a gap behind it is meant to be there. Absent when nobody said so.
   */
  readonly kept?: 'full' | 'standalone';
}

/** What the tars of a format do that others must not. */
export interface TarDialect {
  /** Names begin with a slash that stands for the data directory. */
  readonly rootedNames: boolean;
  /** The two zero blocks at the end may be missing. */
  readonly mayLackEnd: boolean;
}

/** One tar in the bucket, pinned by its ETag. */
export interface ArchiveObject {
  /** Short and unique in the backup: the key's last component. */
  readonly name: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly codec: Codec;
  /** What the tar holds: the data directory, one tablespace (oid), or `pg_wal` (`pg_wal.tar`). */
  readonly content: 'data' | 'wal' | { readonly tablespace: string };
  /** Parts of one content are independent tars; a later part's duplicate member wins. */
  readonly part: number;
  /** Absent for a tar as the standard has it. */
  readonly dialect?: TarDialect;
  /** It has no file that another part has, and is unpacked beside them; the parts that may have one come behind all of these. */
  readonly sharesNoFile?: true;
}

/** One file of a plain backup, pinned by its ETag. */
export interface TreeFile {
  /** Relative to the folder of its tree. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly etag: string;
}

/** The files of a plain backup below one folder. */
export interface FileTree {
  /** Short and unique in the backup: `data`, or a tablespace's OID. */
  readonly name: string;
  /** Key prefix with trailing slash (or empty); an object's key is this and the file's path. */
  readonly folder: string;
  readonly content: 'data' | { readonly tablespace: string };
  readonly files: readonly TreeFile[];
}

/** One object of a WAL archive. */
export interface WalObject {
  /** Plain name without compression suffix: 24 hex digits, or `00000002.history`. */
  readonly name: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
}

export interface WalPlan {
  /** `archive`: fetch `objects`; `backup`: the WAL comes out of the backup's own archives. */
  readonly source: 'archive' | 'backup';
  /** The objects lie in the archive that the operator named, not in the store of the backup. */
  readonly isElsewhere?: true;
  /** @unit bytes */
  readonly segmentBytes: number;
  /** Timeline that recovery follows to its end (numeric recovery_target_timeline). */
  readonly timeline: number;
  /** The timelines on the way, oldest first, each up to where the next one branched off. Plans of older journals do not have it. */
  readonly path?: readonly { readonly timeline: number; readonly untilLsn: string | null }[];
  /** First segment recovery reads. */
  readonly beginSegment: string;
  /** Last segment needed for consistency. */
  readonly consistentSegment: string;
  /** Last segment of the unbroken range, or the last that the target can need; equals consistentSegment when nothing newer exists. */
  readonly lastSegment: string;
  /** Segments and every history file, in fetch order; empty for source `backup`. */
  readonly objects: readonly WalObject[];
}

/** What is read of an older backup of a chain. */
export interface BackupLink extends ChainedBackup {
  readonly beginLsn: string;
  readonly endLsn: string | null;
  /** Those that hold a file that is needed; their names begin with the backup's id. */
  readonly archives: readonly ArchiveObject[];
  /** Of a plain backup, the files that are needed. */
  readonly trees?: readonly FileTree[];
  readonly manifestKey: string;
}

/** All that a restore of one backup reads, frozen; plain JSON. */
export interface BackupContents {
  readonly backup: BaseBackup;
  /** In restore order of duplicates: data parts ascending, then tablespaces, then wal. */
  readonly archives: readonly ArchiveObject[];
  /** Of a plain backup, which has no archives: the data directory, then each tablespace. Absent for all others. */
  readonly trees?: readonly FileTree[];
  /** Of an incremental backup: what it builds on, oldest first, restored in this order before `archives`. */
  readonly links?: readonly BackupLink[];
  /** Null when a problem prevents computing it. */
  readonly wal: WalPlan | null;
  /** Key of backup_manifest, when there is one. */
  readonly manifestKey: string | null;
  /** What the unpacked directory needs, without WAL: exact from a manifest, else an estimate. @unit bytes */
  readonly dataBytes: number;
  readonly dataBytesIsExact: boolean;
  /** How much of it is in each tablespace, by OID; absent where only the sizes of archives tell. @unit bytes */
  readonly tablespaceBytes?: Readonly<Record<string, number>>;
  /** Every reason not to restore it (missing part, missing segment, unknown codec …); empty means go. */
  readonly problems: readonly ErrorData[];
  /** Things a person should know that do not forbid the restore. */
  readonly warnings: readonly string[];
}
