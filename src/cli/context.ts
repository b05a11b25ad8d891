import type { BackupContents } from '../backup/base-backup.ts';
import type { BackupSurvey } from '../backup/survey-backups.ts';
import type { SecretRedactor } from '../config/redact.ts';
import type { RunReport } from '../report/run-report.ts';
import type { BackupsRequest } from '../run/available-backups.ts';
import type { BackUpSurroundings } from '../run/back-up.ts';
import type { DoctorSurroundings } from '../run/doctor/examine.ts';
import type { ManySurroundings } from '../run/drill-databases.ts';
import type { DatabaseDrill, DatabaseOutcome } from '../run/drill-many.ts';
import type { ServiceLook } from '../run/look-at-compose.ts';
import type { RunApi, RunList, RunStatus } from '../run/run-api.ts';
import type { DoctorRequest } from '../steps/doctor-request.ts';
import type { BackupDocument } from '../take/backup-document.ts';
import type { TakeRequest } from '../take/take-request.ts';
import type { Host } from './host.ts';

/** What the commands call: the run's API, loaded when it is used, so that `odo --help` does not wait for an SDK. */
export interface CliApi extends Omit<RunApi, 'readStatus' | 'listRuns' | 'listRunNames'> {
  readStatus(journalFile: string, runId: string): RunStatus | Promise<RunStatus>;
  listRuns(journalFile: string, options: { last: number }): RunList | Promise<RunList>;
  listRunNames(journalFile: string): string[] | Promise<string[]>;
  backUp(request: TakeRequest, surroundings: BackUpSurroundings): Promise<BackupDocument>;
  listAvailableBackups(request: BackupsRequest & { withWal: boolean }): Promise<BackupSurvey>;
  inspectAvailableBackup(request: BackupsRequest & { backup: string }): Promise<BackupContents>;
  listAvailableServers(request: BackupsRequest): Promise<readonly string[]>;
  lookAtCompose(request: {
    file: string;
    project: string | null;
    signal: AbortSignal;
  }): Promise<readonly ServiceLook[]>;
  drillDatabases(
    drills: readonly DatabaseDrill[],
    surroundings: ManySurroundings,
  ): Promise<readonly DatabaseOutcome[]>;
  /** How many drills this host carries at the same time. */
  parallelFor(asked: number | 'auto'): number | Promise<number>;
  examine(request: DoctorRequest, surroundings: DoctorSurroundings): Promise<void>;
  makeReport(journalFile: string, runId: string): RunReport | Promise<RunReport>;
}

/** What every command gets. */
export interface CliContext {
  readonly api: CliApi;
  /** Its outputs pass through `secrets`. */
  readonly host: Host;
  readonly secrets: SecretRedactor;
}
