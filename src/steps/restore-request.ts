import type { RecoveryTarget, RecoveryTargetAction, TargetTimeline } from '../postgres/recovery-target.ts';
import type { ServiceSpec } from '../service/service.ts';
import type { Owner } from '../target/tree.ts';
import { type DataPlaneOptions, withStoredDataPlane } from './data-plane-options.ts';
import type { DrillRequest, EvidenceRequest } from './drill-request.ts';

/** Where the backups lie. Credentials are never part of it: they are resolved again at every start and resume. */
export interface SourceRequest {
  /** `s3://bucket/prefix` or `file:///directory` */
  readonly url: string;
  readonly endpoint: string | null;
  readonly region: string | null;
}

export type TargetRequest =
  /** `-v`: restore into this volume; cleaned first when it holds something and the operator agreed. */
  | { readonly kind: 'volume'; readonly name: string }
  /** `-V`: create this volume and restore into it. `-v` beside it names the one the service has now, as a check. */
  | { readonly kind: 'new-volume'; readonly name: string; readonly present: string | null }
  | {
      readonly kind: 'data-directory';
      readonly path: string;
      /**
       * `--prepare-volume`: a volume is mounted at `path`, and will be in a container of the official image; the data
       * directory is where that one looks for it, at `path` or below.
       */
      readonly isVolume?: true;
    };

/** `--tablespace`: where one tablespace shall go. */
export interface TablespaceRequest {
  /** Its name, OID or former path. */
  readonly tablespace: string;
  /** Absolute, as the server will see it. */
  readonly directory: string;
}

/** `--standby`: the restored database follows a primary. */
export interface StandbyRequest {
  /** Without a password: that is a credential, resolved when it is written. */
  readonly primaryConninfo: string;
  readonly primarySlot: string | null;
  /** One was given when the run was started, so it is missed when it is not given again. */
  readonly hasPassword?: boolean;
}

/** How far recovery goes, and what happens there. */
export interface RecoveryRequest {
  readonly target: RecoveryTarget;
  readonly timeline: TargetTimeline;
  readonly action: RecoveryTargetAction;
  readonly standby: StandbyRequest | null;
  /** Most WAL that waits on the target for its replay. @unit bytes */
  readonly spoolBytes: number;
  /** How much of the WAL is read before anything is touched. */
  readonly check: 'records' | 'ends';
}

/** What holds where nothing was said; also for requests and plans of journals from before these options existed. */
export const recoveryDefaults: RecoveryRequest = {
  target: { kind: 'end' },
  timeline: 'latest',
  action: 'promote',
  standby: null,
  spoolBytes: 1024 ** 3,
  check: 'records',
};

/** A plan that was made and agreed to before; the file is read again when it is executed. */
export interface SignedPlan {
  /** Absolute. */
  readonly file: string;
  /** SHA-256 of what the plan does (`planDigest`), hexadecimal. */
  readonly digest: string;
}

/** What the operator asked for: flags and settings after resolution, without secrets. Stored in the journal. */
export interface RestoreRequest extends DataPlaneOptions {
  readonly source: SourceRequest;
  /** `latest`, a backup id or a backup name. */
  readonly backup: string;
  /** Only a backup that had finished before it: RFC 3339, UTC. Requests of older journals do not have it. */
  readonly before?: string | null;
  /** Times that were given in words, and what they were taken for: said before anything happens. */
  readonly readings?: readonly string[];
  /** WAL archive of a pg_basebackup, when it is not inside; the same forms as `source.url`. Requests of older journals do not have it. */
  readonly walUrl?: string | null;
  /** barman-cloud server folder, when the prefix holds several. */
  readonly server: string | null;
  readonly target: TargetRequest;
  /** Of another database in the target, which the operator named as the one to remove. Requests of older journals do not have it. */
  readonly replaceSystemId?: string | null;
  /** Those that shall not lie inside the data directory; absent in requests of older journals. */
  readonly tablespaces?: readonly TablespaceRequest[];
  readonly volumeAccess: 'auto' | 'direct' | 'engine';
  readonly service: ServiceSpec;
  /** Image for the recovery server where no service gives one. */
  readonly image: string | null;
  /** Directory with `postgres`, `psql`, `pg_controldata` of the right major, for a local recovery server. */
  readonly binDir: string | null;
  /** Absolute path of the file that replaces postgresql.auto.conf. */
  readonly overrideFile: string | null;
  /** The configuration is neither edited nor proved. Requests of older journals do not have it. */
  readonly keepsConfiguration?: boolean;
  /** `auto`: of the data directory that is replaced, else of the image's or host's postgres, else 999:999. */
  readonly owner: 'auto' | Owner;
  readonly recovery: RecoveryRequest;
  /** The run executes the plan in this file (`odo start --plan`), and makes none of its own. */
  readonly signedPlan?: SignedPlan | null;
  /**
   * `--prepare-only`: everything is laid down for a server that odo does not run, and which recovers by itself. Requests of
   * older journals do not have it.
   */
  readonly preparesOnly?: boolean;
  /** False: stop when the database is consistent, `odo promote` goes on. */
  readonly promote: boolean;
  /** The operator agreed beforehand (`--yes`) to everything the plan destroys. */
  readonly confirmed: boolean;
  /** Bytes to keep free on the target after the restore. @unit bytes */
  readonly reserveBytes: number;
  /** Archives, WAL segments and decoding threads at the same time; `auto`: by the cores of this host. */
  readonly jobs: number | 'auto';
  /** Output between two checkpoints. @unit bytes */
  readonly checkpointBytes: number;
  /** The run is a drill: its target is made for it and removed again, and what `service` names is only looked at. */
  readonly drill?: DrillRequest | null;
  /** `--run-key`: a second start with the same key goes on with this run, or reports it. */
  readonly runKey?: string | null;
  /** Requests of older journals do not have it. */
  readonly evidence?: EvidenceRequest;
}

/** A request from a journal, with what it may be too old to have. */
export const storedRequest = (stored: unknown): RestoreRequest => ({
  recovery: recoveryDefaults,
  ...withStoredDataPlane(stored as Omit<RestoreRequest, 'recovery'>),
});
