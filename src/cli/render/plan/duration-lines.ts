import { expectedText } from '../../../run/expected-text.ts';
import { phaseNames } from '../../../run/phase-names.ts';
import type { Expected, ExpectedPhase } from '../../../steps/expected-duration.ts';
import type { RestorePlan } from '../../../steps/restore-plan.ts';
import { type Column, tableText } from '../table-text.ts';
import { labelled } from '../text.ts';
import { formatDuration } from '../units.ts';

/** Phases shorter than this part of the total share a line. */
const worthALine = 0.05;

interface DurationRow extends Expected {
  readonly name: string;
  readonly from: string;
}

const columns: readonly Column<DurationRow>[] = [
  { title: 'phase', rank: 1, of: ({ name }) => name },
  { title: 'likely', right: true, rank: 2, of: ({ ms }) => formatDuration(ms) },
  { title: 'from', right: true, rank: 3, of: ({ lowMs }) => formatDuration(lowMs) },
  { title: 'to', right: true, rank: 4, of: ({ highMs }) => formatDuration(highMs) },
  { title: 'known from', rank: 5, of: ({ from }) => from },
];

/** How long it will take, phase by phase, and how that is known. */
export function durationLines({ expected }: RestorePlan, width: number, labelWidth: number): string[] {
  if (expected === undefined) return [];
  const { phases, total, outage } = expected;
  const row = (label: string, text: string): string[] => labelled(`  ${label}`, text, { labelWidth, width });
  const { head, lines } = tableText(rowsOf(phases, total), columns, width - 4);
  return [
    ...row('in total', `${expectedText(total)}, once it was agreed to`),
    ...(outage === null ? [] : row('outage', `${expectedText(outage)} without the service`)),
    ...(phases.every(({ basis }) => basis === 'assumed')
      ? row('', 'There is no history yet: these are assumptions, as wide as stores and disks differ.')
      : []),
    ...[head, ...lines].map((line) => `    ${line}`),
  ];
}

function rowsOf(phases: readonly ExpectedPhase[], total: Expected): DurationRow[] {
  const short = phases.filter(({ ms }) => ms < total.ms * worthALine);
  const long = phases.filter((phase) => !short.includes(phase));
  const beside = long.some(({ phase }) => phase === 'restoreBase') ? ' (meanwhile)' : '';
  const rows = long.map((phase): DurationRow => {
    const name = phaseNames[phase.phase];
    return { ...phase, name: phase.phase === 'restoreWal' ? name + beside : name, from: knownFrom(phase) };
  });
  if (short.length === 0) return rows;
  const sum = (of: (phase: ExpectedPhase) => number): number =>
    short.reduce((all, phase) => all + of(phase), 0);
  const others = {
    ms: sum(({ ms }) => ms),
    lowMs: sum(({ lowMs }) => lowMs),
    highMs: sum(({ highMs }) => highMs),
  };
  return [
    ...rows,
    { ...others, name: short.length === 1 ? `1 shorter one` : `${short.length} shorter ones`, from: '' },
  ];
}

function knownFrom({ basis, runs }: ExpectedPhase): string {
  const count = `${runs} ${runs === 1 ? 'run' : 'runs'}`;
  return { alike: `${count} like it`, others: `${count} of other kinds`, assumed: 'assumed' }[basis];
}
