import { mostDetails, proofItem } from '../../report/proof-item.ts';
import type { ProofItem } from '../../report/run-report.ts';
import { formatCount } from '../../report/text.ts';
import type { PageCheckMode } from '../data-plane-options.ts';
import { pagesPart } from '../page-check.ts';
import type { DamagedPage } from '../page-tally.ts';
import { type CheckedPages, mapsNotice, mendedPages, type PageVerdict, pageName } from '../page-verdict.ts';
import type { StepContext } from '../step.ts';

export const pages = { id: 'pages', title: 'Pages match their checksums' };

/** What the checks while files streamed and after recovery have found; reads nothing but what they recorded. */
export function provePages({ plan, outputOfPart }: Pick<StepContext, 'plan' | 'outputOfPart'>): ProofItem {
  return pagesItem(plan().pageChecksums, outputOfPart('promote', pagesPart) as PageVerdict | null);
}

/** `verdict`: what the promotion recorded; null: the run has not come to it. */
export function pagesItem(mode: PageCheckMode, verdict: PageVerdict | null): ProofItem {
  const item = (outcome: ProofItem['outcome'], summary: string, details?: readonly string[]): ProofItem =>
    proofItem(pages, { outcome, summary }, details);
  if (mode === 'off') return item('skipped', 'Not asked for (--page-checksums off).');
  if (verdict === null) return item('not-reached', 'The run ended before the pages could be judged.');
  if (verdict.state === 'unchecked') {
    return item('skipped', `Page checksums could not be checked: ${verdict.reason}.`);
  }
  const { damagedPages, cutFiles, durationMs, mapPages } = verdict;
  const isDamaged = damagedPages > 0 || cutFiles.length > 0;
  const details = [
    ...verdict.damaged.map(damageLine),
    ...cutFiles.map((path) => `${path} ends inside a page`),
    ...(mapPages > 0 ? [mapsNotice(verdict)] : []),
  ].slice(0, mostDetails);
  const found = isDamaged
    ? item('failed', damageOf(verdict), details)
    : item('passed', matchOf(verdict), details);
  return { ...found, durationMs };
}

function damageOf({ damagedPages, pages: all, damaged: [first], cutFiles: [cut] }: CheckedPages): string {
  if (first === undefined) return `${cut} ends inside a page.`;
  const share = `${formatCount(damagedPages)} of ${formatCount(all)} pages`;
  return damagedPages === 1
    ? `${share} does not match: ${pageName(first)}.`
    : `${share} do not match, ${pageName(first)} among them.`;
}

function matchOf(verdict: CheckedPages): string {
  const { pages: all, by } = verdict;
  const mended = mendedPages(verdict);
  const torn =
    mended === 0
      ? ''
      : `; ${formatCount(mended)} did not in the backup, and were replaced by the WAL that belongs to it`;
  return `${formatCount(all)} pages${by === 'odo' ? '' : ', read by pg_checksums'}${torn}.`;
}

const hex = (sum: number): string => sum.toString(16).toUpperCase().padStart(4, '0');

function damageLine({ expected, found, ...page }: DamagedPage): string {
  if (found === 0) return `${pageName(page)} says that it is new, but is not empty`;
  return `${pageName(page)}: its checksum is ${hex(found)}, but it carries ${hex(expected)}`;
}
