import type { BackupContents } from '../backup/base-backup.ts';
import type { WalProof } from '../backup/wal-proof.ts';
import type { RecoveryTarget, RecoveryTargetAction } from '../postgres/recovery-target.ts';
import type { LauncherSpec } from '../service/server-launcher.ts';
import type { ServiceMount, ServiceSpec } from '../service/service.ts';
import type { TargetFacts, TargetSpec } from '../target/target.ts';
import type { Owner } from '../target/tree.ts';
import type { DataPlaneOptions } from './data-plane-options.ts';
import type { DrillRequest } from './drill-request.ts';
import type { ExpectedDuration } from './expected-duration.ts';
import type { PlannedConfiguration, PlannedServer } from './planned-configuration.ts';
import type { RecoveryRequest } from './restore-request.ts';

/** Where one tablespace of the backup goes: into the data directory, or to a place that the operator named. */
export interface PlannedTablespace {
  readonly oid: string;
  readonly name: string | null;
  /** Relative to the data directory, in which a place of its own is grafted there. */
  readonly path: string;
  /** Absolute, as the server sees it; goes into tablespace_map. */
  readonly serverPath: string;
  readonly sourceLocation: string | null;
  /** A directory or volume outside the data directory (`--tablespace`); absent: inside it. */
  readonly place?: PlannedPlace;
}

export interface PlannedPlace {
  readonly target: TargetSpec;
  readonly description: string;
  readonly action: TargetAction;
  readonly access: 'direct' | 'engine';
  /** Absent in plans of older journals. */
  readonly found?: FoundState;
}

/** What lay on a target when the plan was made. */
export type FoundState = Pick<TargetFacts, 'exists' | 'holds' | 'serverMajor' | 'systemIdentifier'>;

/** `create`: a new volume or directory; `fill`: it is there and empty; `clean`: it holds data that is removed first. */
export type TargetAction = 'create' | 'fill' | 'clean';

export interface PlannedSpace {
  readonly neededBytes: number;
  readonly neededIsExact: boolean;
  readonly freeBytes: number;
  /** Given back by cleaning the target first. */
  readonly reclaimableBytes: number;
  readonly reserveBytes: number;
}

/** Where recovery goes, and why it will get there. */
export interface PlannedRecovery extends RecoveryRequest {
  /** Times that were given in words, and what they were taken for. */
  readonly readings?: readonly string[];
  /** What the server is told to stop at; for a restore to the end that is the last valid record, where it is known. */
  readonly stop: RecoveryTarget;
  /** Null: the WAL was not read. */
  readonly proof: WalProof | null;
}

/**
 * Frozen before the first change: what will be read, written, stopped and started. Steps execute it and do
 * not decide again. Plain JSON; `odo plan` prints it, the journal keeps it.
 */
export interface RestorePlan extends DataPlaneOptions {
  readonly runId: string;
  readonly createdAt: string;
  /** Of everything that matters (`planDigest`); absent in plans of older journals. */
  readonly digest?: string;
  readonly source: { readonly url: string; readonly endpoint: string | null; readonly region: string | null };
  readonly contents: BackupContents;
  /** Why this backup, for a person. Plans of older journals do not have it. */
  readonly selectedBecause?: string;
  readonly passedOver: readonly { readonly id: string; readonly problem: string }[];
  readonly target: TargetSpec;
  readonly targetDescription: string;
  readonly targetAction: TargetAction;
  /** Absent in plans of older journals. */
  readonly found?: FoundState;
  /** What `clean` removes, for a person: major, system identifier, size; null otherwise. */
  readonly removes: string | null;
  readonly access: 'direct' | 'engine';
  readonly service: ServiceSpec;
  readonly serviceDescription: string;
  readonly serviceWasRunning: boolean;
  /** True: stopped before the target is touched. False with a new volume: stopped at the switch-over only. */
  readonly stopsFirst: boolean;
  /** With a new volume: what the service's definition is changed from and to. */
  readonly switchOver: {
    readonly from: ServiceMount;
    readonly toVolume: string;
    readonly toAlias: string;
  } | null;
  readonly launcher: LauncherSpec;
  readonly launcherDescription: string;
  /** Of the image that the launcher names, since a name may come to mean another; null without one. */
  readonly imageId?: string | null;
  readonly serverMajor: number;
  readonly superuser: string | null;
  readonly pgdata: string;
  readonly owner: Owner;
  readonly tablespaces: readonly PlannedTablespace[];
  /** What will run the restored database; absent in plans of older journals. */
  readonly server?: PlannedServer;
  /** What becomes of its configuration; absent in plans of older journals. */
  readonly configuration?: PlannedConfiguration;
  readonly override: { readonly path: string; readonly sha256: string } | null;
  readonly promote: boolean;
  /** Recovery is left to a server that odo does not run; absent in plans that recover, and in those of older journals. */
  readonly preparesOnly?: boolean;
  /** Plans of older journals do not have it: they recover to the end. */
  readonly recovery?: PlannedRecovery;
  /** On the data directory's file system. */
  readonly space: PlannedSpace;
  /** On other file systems that tablespaces go to; absent in plans of older journals. */
  readonly spaceElsewhere?: readonly (PlannedSpace & { readonly description: string })[];
  /** How long it will take; absent in plans of older journals. */
  readonly expected?: ExpectedDuration;
  /** Archives, WAL segments and decoding threads at the same time. */
  readonly jobs: number;
  readonly checkpointBytes: number;
  readonly warnings: readonly string[];
  /** What is proved in the end; null and, in plans of older journals, absent: this is a restore. */
  readonly drill?: PlannedDrill | null;
}

/** A drill's target is its own, and its `service` is `none`; the service it was held for is only described. */
export interface PlannedDrill extends DrillRequest {
  /** The service that runs the real database, untouched; null when none was named. */
  readonly beside: string | null;
}

/** What the machine needs of a plan to choose its way; the plan itself is in the journal. */
export interface PlanSummary {
  readonly backupId: string;
  /** What a person must agree to; null when nothing of theirs is removed. */
  readonly removes: string | null;
  /** The service is stopped before the target is touched. */
  readonly stopsFirst: boolean;
  /** The service is pointed to a new volume at the end. */
  readonly switchesOver: boolean;
  readonly hasService: boolean;
  /** Ends when another's server could recover what was laid down. Absent in snapshots of older journals. */
  readonly preparesOnly?: boolean;
  /** False: held as soon as the database is consistent. */
  readonly promote: boolean;
  readonly atTarget: RecoveryTargetAction;
  /** Follows a primary, and is never promoted. */
  readonly standby: boolean;
  /** What becomes of a drill's database when it was proved; null: no drill. */
  readonly drill: 'remove' | 'keep' | null;
}
