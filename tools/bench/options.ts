import { parseArgs } from 'node:util';
import { type CaseName, caseNames } from './cases.ts';
import { type Part, parts } from './parts.ts';

export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly rounds: number;
  readonly sizeBytes: number;
  readonly cases: readonly CaseName[];
  /** Names of contenders; null is all of the parts'. */
  readonly peers: readonly string[] | null;
  readonly write: boolean;
  readonly show: 'help' | 'list' | null;
}

export const helpText = `npm run bench [-- PART… --rounds N --size 2GB --cases mixed,large,small --peers NAME,… --write]

Restores the same backups with odo and with other tools, in turn, and compares.
Without a PART all of them run. It wants root, Debian and an otherwise idle machine; it installs what it needs.

  --rounds N     restores of each contender, whose median is shown (default 5)
  --size SIZE    of the data directory (default 2GB); of the case small, 2GB stands for 50,000 files
  --cases LIST   ${caseNames.join(', ')} (default all)
  --peers LIST   only these contenders; odo is always there
  --write        write docs/benchmarks.md
  --list         list parts and contenders
  --help

Backups are made once and kept below /var/lib/odo-lab/bench, or ODO_BENCH_DIR.
`;

const units: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9 };

function parseSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(MB|GB)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  if (factor === undefined) throw new Error(`--size ${text}: give it as 500MB or 2GB.`);
  return Number(number) * factor;
}

function parseCase(text: string): CaseName {
  const found = caseNames.find((name) => name === text);
  if (found === undefined) throw new Error(`There is no case ${text}: ${caseNames.join(', ')}.`);
  return found;
}

export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      size: { type: 'string', default: '2GB' },
      cases: { type: 'string', default: caseNames.join(',') },
      peers: { type: 'string' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds}: give a whole number.`);
  const chosen = positionals.map((name) => {
    const part = parts.find((one) => one.name === name);
    if (part === undefined)
      throw new Error(`There is no part ${name}: ${parts.map((one) => one.name).join(', ')}.`);
    return part;
  });
  return {
    parts: chosen.length === 0 ? parts : parts.filter((part) => chosen.includes(part)),
    rounds,
    sizeBytes: parseSize(values.size),
    cases: values.cases.split(',').map(parseCase),
    peers: values.peers?.split(',') ?? null,
    write: values.write,
    show: values.help ? 'help' : values.list ? 'list' : null,
  };
}
