/**
 * Who checks PostgreSQL's page checksums: nobody; odo while the files stream, and once more, after recovery, the pages
 * that were wrong then (`stream`; `auto`: where the cluster has checksums); or the server's pg_checksums after recovery.
 */
export type PageCheckMode = 'off' | 'auto' | 'stream' | 'server';

/** How fast, how carefully and with what means the data plane works. The same in a request and in its plan. */
export interface DataPlaneOptions {
  /** Read from the store at most, archives and WAL together; null: no limit. @unit bytes a second */
  readonly maxRateBytesPerSecond: number | null;
  /** Threads that read, decode and write yield to everything else on this host. */
  readonly background: boolean;
  /** False: files are not made durable before the journal says that they are there. */
  readonly sync: boolean;
  /** The seek index of each archive is stored beside the backup, for later restores. */
  readonly publishIndex: boolean;
  readonly pageChecksums: PageCheckMode;
  /**
   * Budget of the data plane's buffers as the operator gave it. Null is worked out by every process anew: a resume
   * may run on another host, or in another cgroup, than the start did. @unit bytes
   */
  readonly memoryBytes: number | null;
}

/** What holds where nothing was said; also for requests and plans of journals from before these options existed. */
export const dataPlaneDefaults: DataPlaneOptions = {
  maxRateBytesPerSecond: null,
  background: false,
  sync: true,
  publishIndex: false,
  pageChecksums: 'off',
  memoryBytes: null,
};

/** A request or plan from a journal, with what it may be too old to have. */
export const withStoredDataPlane = <Stored extends object>(
  stored: Stored & { readonly pageChecksums?: PageCheckMode | boolean },
): Stored & DataPlaneOptions => ({
  ...dataPlaneDefaults,
  ...stored,
  // It was a switch once.
  pageChecksums:
    typeof stored.pageChecksums === 'string' ? stored.pageChecksums : stored.pageChecksums ? 'stream' : 'off',
});

export const dataPlaneOptionsOf = (given: DataPlaneOptions): DataPlaneOptions => ({
  maxRateBytesPerSecond: given.maxRateBytesPerSecond,
  background: given.background,
  sync: given.sync,
  publishIndex: given.publishIndex,
  pageChecksums: given.pageChecksums,
  memoryBytes: given.memoryBytes,
});

/** More at the same time would only wait for the network and the disk. */
const mostJobs = 16;

/** `jobs` where the operator left it to odo: one for each core, two where there is one, so that reading and decoding overlap. */
export const automaticJobs = (cores: number): number => Math.max(2, Math.min(cores, mostJobs));
