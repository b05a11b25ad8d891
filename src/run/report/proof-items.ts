import type { BaseBackup } from '../../backup/base-backup.ts';
import { targetText } from '../../postgres/recovery-target.ts';
import { mostDetails, proofItem } from '../../report/proof-item.ts';
import type { ProofItem } from '../../report/run-report.ts';
import { formatBytes } from '../../report/units.ts';
import { pagesPart } from '../../steps/page-check.ts';
import type { PageVerdict } from '../../steps/page-verdict.ts';
import { recoveryOf } from '../../steps/planned-recovery.ts';
import { files, proveFiles } from '../../steps/proof/files.ts';
import { pages, pagesItem } from '../../steps/proof/pages.ts';
import { formatTime } from '../../steps/units.ts';
import { walProofText } from '../plan-rows/proof-rows.ts';
import type { Phase } from '../run-events.ts';
import { detailsOf, disproves, type FoundError, proofOf } from './found-errors.ts';
import { phaseMs } from './measured-run.ts';
import type { WorkedSpan } from './phase-spans.ts';
import type { RunFacts } from './run-facts.ts';

const titles = {
  backup: 'The backup is complete',
  wal: 'The WAL leads to the target',
  recovery: 'Recovery came to its target',
  database: 'The database answers',
  service: 'The service runs the restored database',
} as const;

type Result = Pick<ProofItem, 'outcome' | 'summary'>;

const passed = (summary: string): Result => ({ outcome: 'passed', summary });
const skipped = (summary: string): Result => ({ outcome: 'skipped', summary });
const notReached: Result = { outcome: 'not-reached', summary: 'The run has not come to it.' };

/** What the run has proved and disproved, in its order; without what its measures are held against. */
export function proofItems(
  facts: RunFacts,
  spans: readonly WorkedSpan[],
  errors: readonly FoundError[],
): ProofItem[] {
  const disproofs = errors.filter(disproves);
  /** Failed instead, when an error says so. */
  const withErrors = (item: ProofItem): ProofItem => {
    const found = disproofs.filter((error) => proofOf(error) === item.id).map(({ error }) => error);
    const [first, ...others] = found;
    if (first === undefined) return item;
    const details = [...others.map(({ message }) => message), ...detailsOf(first)].slice(0, mostDetails);
    return { ...item, outcome: 'failed', summary: first.message, details };
  };
  const item = (id: keyof typeof titles, phases: readonly Phase[], result: Result): ProofItem =>
    withErrors({
      ...proofItem({ id, title: titles[id] }, result),
      durationMs: phaseMs(spans, phases) || null,
    });
  const items = [
    item('backup', [], backupResult(facts)),
    item('wal', ['preflight'], walResult(facts)),
    ...checkedItems(facts).map(withErrors),
    item('recovery', ['recover', 'reachTarget', 'promote'], recoveryResult(facts)),
  ];
  if (!facts.isDrill) return [...items, item('service', ['startService', 'verify'], serviceResult(facts))];
  const proven = provenItems(facts);
  // What the database itself was asked about a thing is the last word on it.
  const known = items.map((one) => proven.find(({ id }) => id === one.id) ?? one);
  const others = proven.filter(({ id }) => !items.some((one) => one.id === id));
  return [...known, item('database', [], databaseResult(facts)), ...others];
}

/** The checks beforehand have passed once there is a plan; before that, those of the backup when it was looked at. */
function backupResult({ plan, outputOf }: RunFacts): Result {
  const looked = plan ?? (outputOf('preflight') as { contents?: { backup: BaseBackup } } | null);
  const backup = looked?.contents?.backup;
  if (backup === undefined) return notReached;
  const { id, format, finishedAt, storedBytes } = backup;
  const facts = [
    `${id} (${format})`,
    storedBytes === null ? null : `${formatBytes(storedBytes)} stored`,
    finishedAt === null ? null : `finished ${formatTime(finishedAt)}`,
  ];
  return passed(facts.filter((fact) => fact !== null).join(', '));
}

function walResult({ plan, outputOf }: RunFacts): Result {
  if (plan === null) return notReached;
  const { proof } = recoveryOf(plan);
  if (proof !== null) return passed(walProofText(proof));
  const end = outputOf('promote')?.endLsn ?? outputOf('reachTarget')?.lsn;
  return typeof end === 'string' ? passed(`It was replayed to ${end}.`) : notReached;
}

function recoveryResult({ plan, outputOf }: RunFacts): Result {
  const [promoted, reached] = [outputOf('promote'), outputOf('reachTarget')];
  if (plan === null || (promoted === null && reached === null)) return notReached;
  const { target } = recoveryOf(plan);
  const last = promoted?.lastTransaction ?? reached?.lastTransaction ?? reached?.time ?? null;
  const facts = [
    `${target.kind === 'end' ? 'the end of the WAL' : targetText(target)}, ${promoted?.endLsn ?? reached?.lsn}`,
    last === null ? null : `last transaction ${last}`,
    promoted === null ? 'not promoted' : `timeline ${promoted.timeline}`,
  ];
  return passed(facts.filter((fact) => fact !== null).join(', '));
}

function databaseResult({ outputOf, attempts }: RunFacts): Result {
  const readyAt = outputOf('prove')?.readyAt;
  if (typeof readyAt === 'string') return passed(`It answered at ${formatTime(readyAt)}.`);
  const began = attempts.some(({ name, instance }) => name === 'prove' && instance !== '');
  return began ? passed('It answered.') : notReached;
}

function serviceResult({ plan, outputOf }: RunFacts): Result {
  const verified = outputOf('verify');
  if (verified === null) return notReached;
  const { verifiedBy, systemIdentifier } = verified;
  return plan?.service.kind === 'none'
    ? skipped(`No service was named; by its ${verifiedBy} the database is ${systemIdentifier}.`)
    : passed(`system identifier ${systemIdentifier}, by ${verifiedBy}`);
}

/** Both by the same words as when a drill's database is proved. */
function checkedItems({ plan, outputOf, outputOfPart }: RunFacts): ProofItem[] {
  if (plan === null) {
    return [proofItem(files, notReached), proofItem(pages, notReached)];
  }
  const verdict = outputOfPart('promote', pagesPart) as PageVerdict | null;
  return [proveFiles({ plan: () => plan, outputOf }), pagesItem(plan.pageChecksums, verdict)];
}

/** What the temporary database was asked, and what of it the run has not come to. */
function provenItems({ request, partsOf, outputOf }: RunFacts): ProofItem[] {
  const items = partsOf('prove').filter(isProofItem);
  if (outputOf('prove') !== null) return items;
  const { drill } = request;
  const asked = [
    { id: 'amcheck', title: 'pg_amcheck', isAsked: drill != null && drill.amcheck !== 'off' },
    { id: 'dump', title: 'Every table can be read', isAsked: drill?.dump === true },
    ...(drill?.assertions ?? []).map(({ name }) => ({
      id: `assertion:${name}`,
      title: name,
      isAsked: true,
    })),
  ];
  const isThere = (id: string) => items.some((item) => item.id === id || item.id.startsWith(`${id}:`));
  return [
    ...items,
    ...asked.filter(({ id, isAsked }) => isAsked && !isThere(id)).map((one) => proofItem(one, notReached)),
  ];
}

const isProofItem = (output: unknown): output is ProofItem =>
  typeof output === 'object' && output !== null && 'id' in output && 'outcome' in output;
