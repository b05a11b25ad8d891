import type { Owner, Tree, WorkTree } from './tree.ts';

/** Which place holds (or will hold) the data directory, or one tablespace. Plain JSON, part of the plan. */
export type TargetSpec =
  | {
      readonly kind: 'data-directory';
      readonly path: string;
      /** In a volume that containers share whose processes are not seen from here. */
      readonly isInVolume?: true;
    }
  | {
      readonly kind: 'docker-volume';
      /** Real name in the engine. */
      readonly volume: string;
      /** Path of PGDATA or of the tablespace below the volume's root, '' when it is the root. */
      readonly subpath: string;
      /** `--new-volume`: must not exist before the run. */
      readonly create: boolean;
      /** Labels for a volume that odo creates (Compose's own, so that Compose takes it as its). */
      readonly labels: Readonly<Record<string, string>>;
      readonly access: 'auto' | 'direct' | 'engine';
      /** Image for the helper container of engine access; null when none is known. */
      readonly helperImage: string | null;
    };

/** What is there now; gathered without changing anything. */
export interface TargetFacts {
  readonly description: string;
  readonly exists: boolean;
  /** Absolute and without symbolic links; two targets are one, or one in the other, when these are. */
  readonly location: string;
  /** The same for two targets that share their free space; null when it cannot be told yet. */
  readonly fileSystem: string | null;
  /**
   * `nothing`: absent or empty (lost+found is ignored); `data-directory`: has PG_VERSION or pg_control;
   * `tablespace`: files of one PostgreSQL major's tablespace and nothing else.
   */
  readonly holds: 'nothing' | 'data-directory' | 'tablespace' | 'other-files';
  /** Of the data directory or tablespace there; null when none or unreadable. */
  readonly serverMajor: number | null;
  readonly systemIdentifier: string | null;
  /** Where the tablespaces of the data directory there lie, as its server sees them. */
  readonly tablespaceLocations: readonly string[];
  /** Owner of the data directory that is there. */
  readonly owner: Owner | null;
  /** Run id from odo's marker file, when a run of odo holds this target. */
  readonly heldByRun: string | null;
  /** Running containers that mount it, or a live postmaster ("PostgreSQL, pid 4711"). */
  readonly liveUsers: readonly { readonly description: string; readonly containerId: string | null }[];
  /** How entries get there: `direct` or `engine`. */
  readonly access: 'direct' | 'engine';
  /** @unit bytes */
  readonly freeBytes: number;
  /** @unit bytes */
  readonly usedBytes: number;
  /** Reasons why it can never be a target (root directory, a home, mount point's parent, not absolute …). */
  readonly refusal: string | null;
}

/** In a volume's root: the journal of the runs that prepare it, where it has no other place. */
export const volumeJournalFolder = '.odo-journal';

/** The file in the data directory's root that says which run is restoring it. Removed at the end. */
export const markerFile = '.odo-run.json';

export interface Target {
  readonly spec: TargetSpec;
  inspect(signal: AbortSignal): Promise<TargetFacts>;
  /** Creates the directory or volume (labelled `odo.run-id`); reads back and checks that it is this run's. Idempotent. */
  create(runId: string, signal: AbortSignal): Promise<void>;
  /** The data directory. The tree of a volume that does not exist yet throws TARGET_NOT_FOUND on use. */
  dataTree(runId: string): Promise<Tree>;
  /** odo's own directory for WAL, scripts and configuration of this run; created when missing, apart from PGDATA. */
  workTree(runId: string): Promise<WorkTree>;
  /** How a container mounts it (docker-volume only). */
  mounts(
    runId: string,
  ): { readonly data: { volume: string; subpath: string }; readonly work: { volume: string } } | null;
  /** Removes the work tree and helper containers of the run; never data. Idempotent. */
  cleanUp(runId: string): Promise<void>;
  /** For `abandon`: removes what `create` made, only when it carries this run's label. */
  discard(runId: string): Promise<void>;
  close(): Promise<void>;
}
