import type { WalProof } from '../../backup/wal-proof.ts';
import { targetText } from '../../postgres/recovery-target.ts';
import type { PlannedRecovery, RestorePlan } from '../../steps/restore-plan.ts';
import type { Row } from './row.ts';

/** What reading the WAL beforehand has shown of the way to the target, and no more than that. */
export function proofRows({ recovery }: RestorePlan): Row[] {
  // Plans of older journals proved nothing, and did not say so.
  if (recovery === undefined) return [];
  const { target, stop } = recovery;
  const isTold = target.kind === 'end' && stop.kind !== 'end';
  return [
    ...proofTexts(recovery),
    ...(isTold ? [`the server is told to stop at the last valid record, ${targetText(stop)}`] : []),
  ].map((text, index): Row => [index === 0 ? 'proof' : '', text]);
}

function proofTexts({ proof, check }: PlannedRecovery): string[] {
  if (proof === null) {
    return [
      check === 'ends'
        ? 'none: only the names of the WAL segments were looked at (--wal-check ends)'
        : 'none: the WAL was not read; that it is whole shows when it is replayed',
    ];
  }
  const { lastCommit, stop } = proof;
  return [
    walProofText(proof),
    ...(lastCommit === null
      ? []
      : [`last transaction kept: ${lastCommit.xid}, committed ${lastCommit.time} at ${lastCommit.lsn}`]),
    ...(stop === null ? [] : [`the target is met there: replay stops at ${stop.lsn}`]),
  ];
}

/** How much of the WAL was read. */
export function walProofText({ extent, fromLsn, toLsn, segments }: WalProof): string {
  const count = `${segments} ${segments === 1 ? 'segment' : 'segments'}`;
  return extent === 'records'
    ? `every record from ${fromLsn} to ${toLsn} was read and is whole, ${count}`
    : `only the first page of each segment and the last ones were read, from ${fromLsn} to ${toLsn}, ${count}`;
}
