import { type SummaryEntry, summaryCells } from '../../../report/summary.ts';
import { printable } from '../text.ts';

export const verdictWords = { passed: 'passed', failed: 'FAILED', unfinished: 'unfinished' } as const;

/** `passed  RTO 3 m 02 s  RPO 12 s` */
export function endedText(entry: SummaryEntry): string {
  const { rto, rpo, finding } = summaryCells(entry);
  return [
    verdictWords[entry.verdict],
    ...(rto === '' ? [] : [`RTO ${rto}`]),
    ...(rpo === '' ? [] : [`RPO ${rpo}`]),
    ...(finding === '' ? [] : [printable(finding)]),
  ].join('  ');
}
