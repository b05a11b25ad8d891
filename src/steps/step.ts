import type { DecoderPool } from '../archive/decode/decoder-pool.ts';
import type { RecoveryStop } from '../postgres/recovery-stop.ts';
import type { ProofItem } from '../report/run-report.ts';
import type { ServerInventory } from '../service/server-inventory.ts';
import type { LauncherSpec, ServerLauncher } from '../service/server-launcher.ts';
import type { Service, ServiceSpec } from '../service/service.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { Target, TargetSpec } from '../target/target.ts';
import type { KeptPlace } from './kept-places.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { ImageFacts, LocalBinaries } from './server-facts.ts';

/** `server`: the recovery server, a container or a process of this host. */
export type ResourceKind = 'volume' | 'directory' | 'server';

/** Facts for people and for the next phases: small, plain, no secret. */
export type StepFacts = Readonly<Record<string, string | number | boolean | null>>;

/** The outside world as steps see it; adapters are chosen by whoever runs the steps. */
export interface StepPorts {
  /** The store of the backups, and the key prefix in it under which to look. */
  source(): Promise<{
    readonly storage: ObjectStorage;
    readonly prefix: string;
    /** Ask for no more than this at once, so that a rate limit stays smooth. @unit bytes */
    readonly rangeBytes: number;
  }>;
  /** The archive of WAL that the operator named; null when none. The rate limit holds for both together. */
  walSource(): Promise<Awaited<ReturnType<StepPorts['source']>> | null>;
  target(spec: TargetSpec): Promise<Target>;
  service(spec: ServiceSpec): Promise<Service>;
  launcher(spec: LauncherSpec, target: Target): Promise<ServerLauncher>;
  /** Image of a recovery server that no service names; null when the engine does not have it. */
  image(reference: string): Promise<ImageFacts | null>;
  localBinaries(binDir: string | null, major: number): Promise<LocalBinaries | null>;
  /** What its installation has, and what lies at `paths` of it (absolute); what a service mounts is not seen. */
  inspectServer(spec: LauncherSpec, paths: readonly string[], signal: AbortSignal): Promise<ServerInventory>;
  /** The threads that read and decode archives; the same ones at every call. */
  decoders(means: Pick<RestorePlan, 'jobs' | 'maxRateBytesPerSecond' | 'memoryBytes'>): DecoderPool;
  /** What the target must leave alone: the journal, the directory of the backups and their like. */
  keptPlaces(): Promise<readonly KeptPlace[]>;
  /** Of a standby at its primary, resolved anew at every start and resume; null: none was given. Never stored. */
  primaryPassword(): string | null;
  /** CPU cores that this process may use. */
  cores(): number;
  now(): Date;
}

/** Where replay is, and where it goes. Times are RFC 3339 in UTC. */
export type ReplayPosition = {
  readonly lsn: string;
  /** Null: to the end of the WAL, wherever that is. */
  readonly targetLsn: string | null;
  /** Of the last transaction before `lsn` that the plan knows; null when its WAL was not read. */
  readonly commitTime: string | null;
  /** Of the last transaction before the target. */
  readonly targetTime: string | null;
  readonly percent: number | null;
};

export type StepProgress = {
  readonly done: number;
  readonly total: number | null;
  readonly item: string | null;
} & (
  | { readonly unit: 'bytes' | 'segments' }
  /** Bytes of WAL replayed since the server began; `item` is the segment. */
  | ({ readonly unit: 'wal-bytes' } & ReplayPosition)
);

/** What the recovery server has come to, from its log. */
export type RecoveryMilestone =
  | { readonly state: 'consistent'; readonly lsn: string }
  /** `says` are the server's own words, `stop` what odo understood of them. */
  | { readonly state: 'target-reached'; readonly says: string; readonly stop: RecoveryStop | null }
  | { readonly state: 'paused-at-target' }
  | { readonly state: 'shut-down-at-target' }
  /** `lsn`: where the last record begins that was read. `lastTransaction`: RFC 3339, null when WAL held none. */
  | { readonly state: 'replayed'; readonly lsn: string; readonly lastTransaction: string | null }
  | { readonly state: 'promoted'; readonly timeline: number };

/** An object of a store: the store as it describes itself, and the key in it. */
export interface IndexedObject {
  readonly store: string;
  readonly key: string;
}

/** What a part of a step (one archive, one batch of WAL) gets on top. */
export interface PartContext {
  readonly signal: AbortSignal;
  /** Given to the last attempt's `saveCheckpoint`; null when there was none. */
  readonly lastCheckpoint: unknown;
  /** What `saveCheckpoint` was given as `trail`, in all attempts so far. */
  trail(): readonly unknown[];
  /** Call only after everything `data` claims is on disk. `progress` is for people. `trail`: null adds nothing. */
  saveCheckpoint(progress: number, data: unknown, trail?: unknown): Promise<void>;
  /** Keeps the index of an object that was read to its end, for this and later runs; null only drops the trail. */
  saveSeekIndex(object: IndexedObject, index: unknown): void;
}

/** What a step gets. No SQL and no machine below here. */
export interface StepContext {
  readonly runId: string;
  readonly signal: AbortSignal;
  /** From 1. Above 1, the effects of an earlier, unfinished attempt may exist. */
  readonly attempt: number;
  readonly ports: StepPorts;
  /** The frozen plan; throws before it exists. */
  plan(): RestorePlan;
  /** Output of a completed step of this run, null when it has none. */
  outputOf(step: string): StepFacts | null;
  /** What a completed part of a step of this run gave; null when there is none. */
  outputOfPart(step: string, part: string): unknown;
  progress(progress: StepProgress): void;
  notice(level: 'info' | 'warning', message: string): void;
  serverLog(line: string): void;
  recovery(milestone: RecoveryMilestone): void;
  /** Tells what a drill has proved or disproved. */
  proof(item: ProofItem): void;
  /** A part that is journalled on its own: completed once, never run again; its checkpoint outlives a kill. */
  part<Output>(
    instance: string,
    input: unknown,
    run: (context: PartContext) => Promise<Output>,
  ): Promise<Output>;
  /** The seek index of an object, from whichever run; null when there is none. */
  findSeekIndex(object: IndexedObject): unknown;
  removeSeekIndex(object: IndexedObject): void;
  /** Records something that is about to be created outside, so that it can be found and removed. */
  resource(kind: ResourceKind, name: string): void;
  resourceRemoved(kind: ResourceKind, name: string): void;
  /** Where tests kill the process; nothing otherwise. */
  failpoint(name: string): void;
}

/** One phase's effect. Runs at least once, and never again after its completion is in the journal. */
export interface Step {
  readonly name: string;
  /** Rises when input, output or effect change meaning. */
  readonly version: number;
  run(context: StepContext): Promise<StepFacts>;
  /**
   * A cheap look, on resume, whether what a completed step left outside is still so.
   * Null when it is; otherwise a sentence that says what changed.
   */
  stillHolds?(context: StepContext): Promise<string | null>;
}
