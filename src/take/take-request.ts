import type { ServiceSpec } from '../service/service.ts';
import type { StorageSource } from '../storage/open-storage.ts';

export type Compression = 'zstd' | 'gzip' | 'none';

/** The server that a backup is taken of. */
export type ServerSpec =
  | Extract<ServiceSpec, { kind: 'compose' | 'container' }>
  | {
      readonly kind: 'local';
      /** Directory of psql and pg_basebackup; null: those in PATH. */
      readonly binDir: string | null;
      /** Without a password; null: what libpq takes by itself. */
      readonly conninfo: string | null;
    };

/** Which backups stay; a backup goes only when neither keeps it. Both null: all stay. */
export interface Retention {
  readonly keepLast: number | null;
  /** @unit ms */
  readonly keepForMs: number | null;
}

export interface TakeRequest {
  readonly target: Omit<StorageSource, 'credentials'>;
  readonly server: ServerSpec;
  readonly compression: Compression;
  readonly labels: Readonly<Record<string, string>>;
  readonly retention: Retention;
}
