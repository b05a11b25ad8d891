import type { ProofItem } from './run-report.ts';

/** More lines of one proof, or of one error, nobody reads. */
export const mostDetails = 100;

/** A proof of which nobody measured how long it took; `details` are the problems, or what else there is to know. */
export const proofItem = (
  { id, title }: Pick<ProofItem, 'id' | 'title'>,
  { outcome, summary }: Pick<ProofItem, 'outcome' | 'summary'>,
  details: readonly string[] = [],
): ProofItem => ({ id, title, outcome, summary, details, durationMs: null });
