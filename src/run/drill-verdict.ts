import { errorKinds } from '../errors/codes.ts';
import type { JournalDatabase } from '../journal/open.ts';
import type { Finding, Verdict } from '../report/run-report.ts';
import { judge } from './make-report.ts';
import { gatherRunFacts } from './report/run-facts.ts';
import { unknownRun } from './status.ts';

export interface DrillVerdict {
  readonly verdict: Verdict;
  /** 6 when the drill failed; 0 otherwise, where an error of the run has the last word. */
  readonly exitCode: number;
  /** Worst first, one sentence each. */
  readonly findings: readonly Finding[];
}

/**
 * What a drill has come to, from its journal: its steps are in there, or it was refused and its refusals are.
 * @throws RUN_NOT_FOUND
 */
export function verdictOf(database: JournalDatabase, runId: string): DrillVerdict {
  const facts = gatherRunFacts(database, runId);
  if (facts === null) throw unknownRun(database, runId);
  const { verdict, findings } = judge(database, facts);
  const exitCode = verdict === 'failed' ? errorKinds.VERIFICATION_FAILED.exitCode : 0;
  return { verdict, exitCode, findings };
}
