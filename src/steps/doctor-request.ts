import type { ServiceSpec } from '../service/service.ts';
import type { RestoreRequest, SourceRequest, TargetRequest } from './restore-request.ts';

/** What of a restore has been said so far, which may be nothing: what `odo doctor` judges this machine by. */
export interface DoctorRequest
  extends Pick<RestoreRequest, 'server' | 'volumeAccess' | 'image' | 'binDir' | 'owner' | 'reserveBytes'> {
  readonly source: SourceRequest | null;
  readonly walUrl: string | null;
  readonly target: TargetRequest | null;
  /** Below which drills restore; null: none was named. */
  readonly drillDirectory: string | null;
  readonly service: ServiceSpec;
  readonly background: boolean;
  /** Settings that do not fit together, as sentences. */
  readonly misfits: readonly string[];
}
