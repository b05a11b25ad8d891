import type { PhaseSpan, ProofItem, ReportedEvent, RunReport, Verdict } from './run-report.ts';

export const verdictWords = {
  passed: 'Passed',
  failed: 'Failed',
  unfinished: 'Unfinished',
} as const satisfies Record<Verdict, string>;

export const outcomeWords = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  'not-reached': 'not reached',
} as const satisfies Record<ProofItem['outcome'], string>;

export const attemptWords = {
  completed: 'completed',
  failed: 'failed',
  interrupted: 'interrupted',
  running: 'running',
} as const satisfies Record<PhaseSpan['outcome'], string>;

export const levelWords = {
  info: 'note',
  warning: 'warning',
  error: 'error',
} as const satisfies Record<ReportedEvent['level'], string>;

const kindWords = { restore: 'Restore', drill: 'Recovery drill' } as const;

/** `Recovery drill of orders`: what the report is about. */
export const subjectOf = (report: RunReport): string =>
  `${kindWords[report.kind]} of ${report.database ?? report.source.url}`;

/** `58 passed, 2 failed, 1 skipped`; empty without proofs. */
export function countedOutcomes(proofs: readonly ProofItem[]): string {
  return (Object.keys(outcomeWords) as ProofItem['outcome'][])
    .map((outcome) => ({ outcome, count: proofs.filter((proof) => proof.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcomeWords[outcome]}`)
    .join(', ');
}
