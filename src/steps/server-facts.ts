import type { LauncherSpec } from '../service/server-launcher.ts';
import type { Owner } from '../target/tree.ts';

/** What an image in the engine says about the PostgreSQL in it. */
export interface ImageFacts {
  readonly reference: string;
  /** Content digest, as the engine knows it. */
  readonly id?: string;
  readonly serverMajor: number | null;
  readonly pgdata: string | null;
  readonly owner: Owner | null;
  /** The image's volume that holds PGDATA, as the official image declares it; null when none does. */
  readonly volumePath: string | null;
}

/** PostgreSQL installed on this host. */
export interface LocalBinaries {
  readonly binDir: string;
  readonly serverMajor: number;
  /** uid and gid of the host's postgres user; null when there is none. */
  readonly owner: Owner | null;
}

/** What would run PostgreSQL during recovery. */
export interface ServerLauncherFacts {
  /** Null: nothing found; `missing` says what was looked for. */
  readonly spec: LauncherSpec | null;
  readonly serverMajor: number | null;
  readonly description: string;
  /** Of the image; null or absent without one. */
  readonly imageId?: string | null;
  readonly missing: string | null;
}
