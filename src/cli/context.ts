import type { BaseBackup } from '../backup/base-backup.ts';
import type { SecretRedactor } from '../config/redact.ts';
import type { RunApi, RunStatus } from '../run/run-api.ts';
import type { SourceRequest } from '../steps/restore-request.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import type { Host } from './host.ts';

/** What the commands call: the run's API, loaded when it is used, so that `odo --help` does not wait for an SDK. */
export interface CliApi extends Omit<RunApi, 'readStatus' | 'listRuns'> {
  readStatus(journalFile: string, runId: string): RunStatus | Promise<RunStatus>;
  listRuns(journalFile: string): RunStatus[] | Promise<RunStatus[]>;
  listAvailableBackups(options: {
    source: SourceRequest;
    server: string | null;
    credentials: SourceCredentials | null;
    signal: AbortSignal;
  }): Promise<BaseBackup[]>;
}

/** What every command gets. */
export interface CliContext {
  readonly api: CliApi;
  /** Its outputs pass through `secrets`. */
  readonly host: Host;
  readonly secrets: SecretRedactor;
}
