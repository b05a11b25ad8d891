import type { Owner } from '../target/tree.ts';

/** What runs PostgreSQL on the target. Plain JSON, part of the plan. */
export type ServiceSpec =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'compose';
      readonly service: string;
      /** Absolute path of the Compose file. */
      readonly file: string;
      /** Project name; null lets Compose decide (directory name, `name:`, COMPOSE_PROJECT_NAME). */
      readonly project: string | null;
    }
  | { readonly kind: 'container'; readonly container: string }
  | {
      readonly kind: 'local';
      /** Directory that holds `postgres`, `pg_ctl`, `psql`; null finds the major's. */
      readonly binDir: string | null;
      /** Its data directory. Without it the server can be started and asked, but not looked at or stopped. */
      readonly dataDirectory?: string | null;
    };

/** One volume or directory that the service mounts. */
export interface ServiceMount {
  readonly kind: 'volume' | 'bind' | 'other';
  /** Real volume name in the engine, or host path. */
  readonly source: string;
  /** Name in the Compose file (`pgdata`), when it has one. */
  readonly alias: string | null;
  /** Path in the container. */
  readonly destination: string;
}

/** What the service is now; gathered without changing anything. */
export interface ServiceFacts {
  readonly description: string;
  readonly kind: ServiceSpec['kind'];
  readonly running: boolean;
  /** Container id(s) of the service; empty for local and none. */
  readonly containerIds: readonly string[];
  /** Compose project name as resolved; null otherwise. */
  readonly project: string | null;
  /** Image reference and id present in the engine; null for local/none or when not pulled. */
  readonly image: string | null;
  /** PostgreSQL major of that image or of the local binaries; null when unknown. */
  readonly serverMajor: number | null;
  /** PGDATA inside the container, or null. */
  readonly pgdata: string | null;
  readonly mounts: readonly ServiceMount[];
  /** uid:gid of `postgres` in the image or on this host; null when unknown. */
  readonly owner: Owner | null;
  /** Superuser and database from the environment (POSTGRES_USER, POSTGRES_DB); null when unset. Never a password. */
  readonly superuser: string | null;
  readonly database: string | null;
}

export interface ServiceAnswer {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly inRecovery: boolean;
  readonly serverVersion: string;
  /** False: the server is up but refused every superuser, so identity and timeline come from its control file. */
  readonly authenticated?: boolean;
  /** Of a standby that follows a primary: `pg_stat_wal_receiver.status`; absent while no walreceiver runs. */
  readonly walReceiver?: string;
}

export interface Service {
  readonly spec: ServiceSpec;
  inspect(signal: AbortSignal): Promise<ServiceFacts>;
  isRunning(signal: AbortSignal): Promise<boolean>;
  /** Clean stop (fast shutdown, long timeout); idempotent; does not remove data. */
  stop(signal: AbortSignal): Promise<void>;
  /**
   * Makes the service use another volume from its next start on: edits the Compose file in place, comments kept.
   * Idempotent. Only Compose; the others throw USAGE at planning time.
   */
  useVolume(
    change: { from: ServiceMount; toVolume: string; toAlias: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** Throws what `useVolume` would throw, and changes nothing; for planning time. */
  checkVolumeChange?(
    change: { from: ServiceMount; toVolume: string; toAlias: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** Starts (recreating the container where it must) and returns when the start was accepted; idempotent. */
  start(dataDirectory: string | null, signal: AbortSignal): Promise<void>;
  /** Connects as a user would and asks who it is. Retries until it answers or `deadlineMs` passed. */
  ask(
    options: { superuser: string | null; dataDirectory: string | null; deadlineMs: number },
    signal: AbortSignal,
  ): Promise<ServiceAnswer>;
  /** Last lines of the server's log, for the failure report. */
  logTail(lines: number): Promise<string[]>;
}
