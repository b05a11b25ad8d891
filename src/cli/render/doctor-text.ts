import type { Finding } from '../../run/doctor/finding.ts';
import { labelled } from './text.ts';

const words = { ok: 'ok', warning: 'warning', problem: 'problem', unchecked: 'not seen' } as const;

const levelWidth = 10;
const areaWidth = 10;

/** `problem   store     what was found`, and the way out below it. */
export function findingText({ area, level, found, fix }: Finding, width: number): string[] {
  const labelWidth = levelWidth + areaWidth;
  const label = words[level].padEnd(levelWidth) + area;
  const lines = labelled(label, found, { labelWidth, width });
  return fix === null || level === 'ok'
    ? lines
    : [...lines, ...labelled('', `fix: ${fix}`, { labelWidth, width })];
}

/** As `--json` says them too. */
export function countsOf(findings: readonly Finding[]) {
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length;
  return { problems: count('problem'), warnings: count('warning'), unchecked: count('unchecked') };
}

export function verdictText(findings: readonly Finding[]): string {
  const { problems, warnings, unchecked } = countsOf(findings);
  const inWords = (n: number, word: string): string[] =>
    n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`];
  const counts = [...inWords(problems, 'problem'), ...inWords(warnings, 'warning')].join(', ');
  if (problems > 0) return `${counts}: a restore with these settings would not succeed.`;
  const verdict = `Nothing ${unchecked > 0 ? 'that was looked at ' : ''}stands in the way of a restore`;
  return counts === '' ? `${verdict}.` : `${verdict} (${counts}).`;
}
