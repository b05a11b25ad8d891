import type { PlannedSpace, RestorePlan } from '../../../steps/restore-plan.ts';
import { formatBytes } from '../../../steps/units.ts';
import { type Column, tableText } from '../table-text.ts';
import { indented } from '../text.ts';

interface SpaceRow extends PlannedSpace {
  readonly description: string;
}

const about = ({ neededIsExact }: PlannedSpace): string => (neededIsExact ? '' : '~');

const columns: readonly Column<SpaceRow>[] = [
  { title: 'needed', right: true, rank: 1, of: (row) => `${about(row)}${formatBytes(row.neededBytes)}` },
  { title: 'free now', right: true, rank: 2, of: ({ freeBytes }) => formatBytes(freeBytes) },
  {
    title: 'given back',
    right: true,
    rank: 4,
    of: ({ reclaimableBytes }) => (reclaimableBytes === 0 ? '' : formatBytes(reclaimableBytes)),
  },
  { title: 'free after', right: true, rank: 3, of: (row) => `${about(row)}${formatBytes(freeAfter(row))}` },
  { title: 'kept free', right: true, rank: 5, of: ({ reserveBytes }) => formatBytes(reserveBytes) },
];

const freeAfter = ({ freeBytes, reclaimableBytes, neededBytes }: PlannedSpace): number =>
  Math.max(0, freeBytes + reclaimableBytes - neededBytes);

/** Room on each file system, under the place it is for: names are long, and numbers are to be compared. */
export function spaceLines(plan: RestorePlan, width: number): string[] {
  const rows: SpaceRow[] = [
    { ...plan.space, description: plan.targetDescription },
    ...(plan.spaceElsewhere ?? []),
  ];
  const { head, lines } = tableText(rows, columns, width - 4);
  return [
    `    ${head}`,
    ...lines.flatMap((line, index) => [...indented(rows[index]?.description ?? '', 2, width), `    ${line}`]),
  ];
}
