import type { Owner } from '../target/tree.ts';
import type { ToolResult } from './ask-server.ts';

/** A volume or directory at a path of the server's container. */
export interface ServerMount {
  readonly type: 'volume' | 'bind';
  /** Name of the volume, or path of the directory. */
  readonly source: string;
  readonly destination: string;
}

/** How to run PostgreSQL apart from the service during recovery. Plain JSON, part of the plan. */
export type LauncherSpec =
  | {
      readonly kind: 'container';
      readonly image: string;
      /** PGDATA inside the container; the data volume is mounted so that this path is the data directory. */
      readonly pgdata: string;
      /** Where the data volume is mounted (PGDATA or a parent of it). */
      readonly mountPoint: string;
      /** Tablespaces outside the data directory, where the service will see them too. */
      readonly tablespaceMounts?: readonly ServerMount[];
      readonly owner: Owner;
    }
  | { readonly kind: 'local'; readonly binDir: string; readonly owner: Owner }
  /** A server that odo does not run (`--prepare-only`); `pgdata` is where it will find its data directory. */
  | { readonly kind: 'elsewhere'; readonly pgdata: string; readonly owner: Owner };

/** Paths as the server sees them. */
export interface ServerPaths {
  readonly dataDirectory: string;
  readonly workDirectory: string;
  /** Where the server makes its socket and `query` looks for it; short enough for a socket path (107 bytes). */
  readonly socketDirectory: string;
}

export interface ServerProcess {
  /** Resolves when the server ended; never rejects. */
  readonly exited: Promise<{ readonly exitCode: number }>;
  /** `fast`: clean shutdown; `immediate`: as a crash. Resolves when it ended. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** The WAL segment that replay reads now, from the title of its process; null when that cannot be known. */
  replayedSegment(): Promise<string | null>;
  /** Runs SQL over the server's own socket in the work directory, psql -At; throws OdoError with psql's message. */
  query(sql: string, options: { user: string; database: string }): Promise<string>;
  /**
   * Runs a program of its installation beside it as the owner of the data directory, messages in English; the environment says
   * how to connect. Exit code 127: there is no such program. An abort ends the waiting, and the program where it can.
   */
  runClient(
    program: string,
    args: readonly string[],
    options: { user: string; database: string; stdin?: string; signal: AbortSignal },
  ): Promise<ToolResult>;
  /**
   * Lets it go on alone: its log is not followed any more, it does not keep this process alive, and nothing ends it
   * but `removeLeftovers` of a later launcher of the run. Only of one that was launched to outlive odo.
   */
  release(): Promise<void>;
}

export interface LaunchOptions {
  /** It may be released, so nothing of it hangs on this process. */
  readonly outlives?: boolean;
  /** Of the loopback address of the host (of the engine), where it listens too; null: it has no network. */
  readonly port?: number | null;
}

/** Starts PostgreSQL on the target: no network unless asked, the given configuration file, nothing of the service's. */
export interface ServerLauncher {
  readonly description: string;
  readonly paths: ServerPaths;
  /** `args` are postgres arguments (`-c`, `config_file=…`). Every line of its log (stderr) reaches `onLine`. */
  launch(
    args: readonly string[],
    onLine: (line: string) => void,
    signal: AbortSignal,
    options?: LaunchOptions,
  ): Promise<ServerProcess>;
  /** Whether a server of this run runs now, whoever launched it. */
  isRunning(): Promise<boolean>;
  /** For a person's shell on this host: how to open psql on the server, which was launched with that port. */
  psqlCommand(options: { user: string; database: string; port?: number | null }): string;
  /** Runs a tool of the server's own binaries (`pg_controldata`, `initdb -S`) as the owner, or root with `asRoot`. */
  runTool(
    tool: string,
    args: readonly string[],
    options: { asRoot: boolean; stdin?: string; signal: AbortSignal },
  ): Promise<{ exitCode: number; stdout: string; stderr: string }>;
  /** Ends and removes a server that an earlier attempt of this run left behind; returns when nothing runs. */
  removeLeftovers(): Promise<void>;
}
