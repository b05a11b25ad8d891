import { errorKinds } from '../errors/codes.ts';
import type { JournalDatabase } from '../journal/open.ts';
import type { Finding, Verdict } from '../report/run-report.ts';
import { judge } from './make-report.ts';
import { gatherRunFacts } from './report/run-facts.ts';
import { unknownRun } from './status.ts';

interface DrillVerdict {
  readonly verdict: Exclude<Verdict, 'unfinished'>;
  /** 0, or 6 when the drill failed. */
  readonly exitCode: number;
  /** Worst first, one sentence each. */
  readonly findings: readonly Finding[];
}

/**
 * What a drill that is at its end has come to, from its journal. One that ended without having proved its database has
 * not passed. @throws RUN_NOT_FOUND
 */
export function verdictOf(database: JournalDatabase, runId: string): DrillVerdict {
  const facts = gatherRunFacts(database, runId);
  if (facts === null) throw unknownRun(database, runId);
  const { verdict, findings } = judge(database, facts);
  return verdict === 'passed'
    ? { verdict, exitCode: 0, findings }
    : { verdict: 'failed', exitCode: errorKinds.VERIFICATION_FAILED.exitCode, findings };
}
