import type { Finding, ProofItem, Verdict } from '../../report/run-report.ts';
import { formatDuration } from '../../report/units.ts';
import { disproves, type FoundError, proofOf } from './found-errors.ts';
import type { MeasuredRun } from './measured-run.ts';
import type { RunFacts } from './run-facts.ts';

/** Nothing behind it can be trusted, or was even looked at. */
const worstFirst = ['backup', 'wal', 'files', 'pages', 'recovery', 'database', 'service', 'amcheck', 'dump'];

const rank = ({ about }: Finding): number => {
  if (about === 'run') return worstFirst.length + 1;
  const place = worstFirst.indexOf(about.split(':')[0] ?? about);
  return place === -1 ? worstFirst.length : place;
};

/** Each sentence that is wrong with the run, worst first. */
export function findingsOf(proofs: readonly ProofItem[], errors: readonly FoundError[]): Finding[] {
  const disproofs = errors.filter(disproves);
  const ofProofs = proofs
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ id, title, summary }): Finding => {
      // An error's message is a sentence already, and names what it is about.
      const isError = disproofs.some((found) => proofOf(found) === id);
      return { about: id, message: isError ? summary : `${title}: ${summary}` };
    });
  const ofRun = errors
    .filter((found) => !disproves(found))
    .map(({ error }): Finding => ({ about: 'run', message: error.message }));
  return [...ofProofs, ...ofRun].sort((one, other) => rank(one) - rank(other));
}

/**
 * What the run came to. A disproof and a failed proof stay what they are, whatever comes; that all is well is known when
 * a drill has proved everything, and when a restore is completed that odo recovered itself.
 */
export function verdictFrom(facts: RunFacts, proofs: readonly ProofItem[]): Verdict {
  if (proofs.some(({ outcome }) => outcome === 'failed')) return 'failed';
  const { run, isDrill, plan, outputOf } = facts;
  if (run.status === 'failed') return 'unfinished';
  const isDone = isDrill
    ? outputOf('prove') !== null
    : run.status === 'completed' && plan?.preparesOnly !== true;
  return isDone ? 'passed' : 'unfinished';
}

/** One sentence for the top of the page. */
export function headlineOf(
  { isDrill, plan }: RunFacts,
  verdict: Verdict,
  findings: readonly Finding[],
  status: string,
  { rtoMs, rpoMs }: MeasuredRun,
): string {
  const backup = plan === null ? 'The backup' : `Backup ${plan.contents.backup.id}`;
  const others = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  switch (verdict) {
    case 'passed': {
      const answered = rtoMs === null ? '' : `, and answered queries after ${formatDuration(rtoMs)}`;
      const age = rpoMs === null ? '' : `; its last commit was ${formatDuration(rpoMs)} old`;
      return `${backup} was restored${isDrill ? ' and proved' : ''}${answered}${age}.`;
    }
    case 'failed':
      return findings[0] === undefined ? `${backup} failed.` : `${findings[0].message}${others}`;
    case 'unfinished': {
      const why = findings[0] === undefined ? '' : ` ${findings[0].message}${others}`;
      return `The ${isDrill ? 'drill' : 'restore'} is ${status}, and has proved nothing yet.${why}`;
    }
  }
}
