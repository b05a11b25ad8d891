import type { BaseBackup } from '../../backup/base-backup.ts';
import { targetText } from '../../postgres/recovery-target.ts';
import type { ProofItem } from '../../report/run-report.ts';
import { formatCount, plural } from '../../report/text.ts';
import { formatBytes } from '../../report/units.ts';
import { recoveryOf } from '../../steps/planned-recovery.ts';
import type { StepFacts } from '../../steps/step.ts';
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
  files: 'The files are those of the backup',
  pages: 'Pages match their checksums',
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
  const item = (id: keyof typeof titles, phases: readonly Phase[], result: Result): ProofItem => {
    const found = disproofs.filter((error) => proofOf(error) === id).map(({ error }) => error);
    const [first, ...others] = found;
    const took = phaseMs(spans, phases);
    return {
      id,
      title: titles[id],
      ...(first === undefined ? result : { outcome: 'failed', summary: first.message }),
      details:
        first === undefined
          ? []
          : [...others.map(({ message }) => message), ...detailsOf(first)].slice(0, 100),
      durationMs: took === 0 || (first === undefined && result.outcome !== 'passed') ? null : took,
    };
  };
  const base = facts.outputOf('restoreBase');
  const items = [
    item('backup', [], backupResult(facts)),
    item('wal', ['preflight'], walResult(facts)),
    item('files', ['restoreBase'], filesResult(base)),
    item('pages', [], pagesResult(facts, base)),
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
  const looked = outputOf('preflight') as { contents?: { backup: BaseBackup } } | null;
  const backup = plan?.contents.backup ?? looked?.contents?.backup;
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

function filesResult(base: StepFacts | null): Result {
  if (base === null) return notReached;
  const { files, filesMatchingManifest: matching } = base;
  if (typeof matching === 'number') return passed(`${formatCount(matching)} files match the manifest`);
  return skipped(
    `The backup has no manifest to compare with; ${formatCount(Number(files))} files were unpacked, and the archives’ own checksums hold.`,
  );
}

function pagesResult({ plan }: RunFacts, base: StepFacts | null): Result {
  if (plan?.pageChecksums === 'off') return skipped('Not asked for (--page-checksums off).');
  if (base === null) return notReached;
  const { pagesMatching: matching } = base;
  return typeof matching === 'number'
    ? passed(plural(matching, 'page'))
    : skipped('The cluster has no page checksums, or pages of another size.');
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
    ...asked
      .filter(({ id, isAsked }) => isAsked && !isThere(id))
      .map(({ id, title }) => ({ id, title, ...notReached, details: [], durationMs: null })),
  ];
}

const isProofItem = (output: unknown): output is ProofItem =>
  typeof output === 'object' && output !== null && 'id' in output && 'outcome' in output;
