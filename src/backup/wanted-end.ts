import type { RecoveryTarget, TargetTimeline } from '../postgres/recovery-target.ts';

/** How far recovery is to go, and on which timeline: what decides which backup and which WAL it takes. */
export interface WantedEnd {
  readonly target: RecoveryTarget;
  readonly timeline: TargetTimeline;
}

/** All that there is. */
export const endOfWal: WantedEnd = { target: { kind: 'end' }, timeline: 'latest' };
