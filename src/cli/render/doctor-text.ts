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

export function verdictText(findings: readonly Finding[]): string {
  const count = (level: Finding['level'], word: string): string[] => {
    const n = findings.filter((one) => one.level === level).length;
    return n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`];
  };
  const problems = count('problem', 'problem');
  const counts = [...problems, ...count('warning', 'warning')].join(', ');
  if (problems.length > 0) return `${counts}: a restore with these settings would not succeed.`;
  const unseen = findings.some(({ level }) => level === 'unchecked');
  const verdict = `Nothing ${unseen ? 'that was looked at ' : ''}stands in the way of a restore`;
  return counts === '' ? `${verdict}.` : `${verdict} (${counts}).`;
}
