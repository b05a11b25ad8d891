import { junitDocument, junitSuite, suiteWithoutRun } from './junit.ts';
import type { EndedDatabase } from './summary.ts';

/** One file with a suite for each database. */
export function summaryJunit(ended: readonly EndedDatabase[], startedAt: string): string {
  return junitDocument(
    ended.map(({ database, report, reason }, id) =>
      report === null ? suiteWithoutRun({ database, reason, startedAt }, id) : junitSuite(report, id),
    ),
  );
}
