/** What odo promises of its speed, as ratios, and whether a case keeps it. */
import { type CaseReport, detailOf, type Standing, wallOf } from './rounds.ts';

export type Verdict = 'reached' | 'not reached' | 'not measured';

export interface Judged {
  readonly text: string;
  readonly wanted: string;
  readonly found: string;
  readonly verdict: Verdict;
}

/** Seconds of a contender; odo's either to the end of seal, or of restoreBase alone. `undefined` when it did not run. */
type Seconds = (name: string) => number | undefined;

interface Claim {
  readonly text: string;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
  readonly unit: string;
  readonly value: (seconds: Seconds, find: (name: string) => Standing | undefined) => number | undefined;
}

const divide = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b;

const fasterThan = (peer: string, who: string, limit: number, odo = 'odo'): Claim => ({
  text: `faster than ${who}`,
  bound: 'at least',
  limit,
  unit: ' x',
  value: (seconds) => divide(seconds(peer), seconds(odo)),
});

const peakMemory = (text: string, contender: string): Claim => ({
  ...{ text, bound: 'at most', limit: 400, unit: ' MB' },
  value: (_, find) => {
    const bytes = find(contender)?.results.map(({ peakRssBytes }) => peakRssBytes) ?? [];
    return bytes.length === 0 ? undefined : Math.max(...bytes) / 1e6;
  },
});

const claims: readonly Claim[] = [
  // Of the same backup: barman-cloud's archive is not pg_basebackup's.
  fasterThan('barman', 'barman-cloud-restore', 2.5, 'odo-barman'),
  fasterThan('pgbackrest', 'pgBackRest', 2.5),
  fasterThan('download-untar', 'download, then untar', 2.5),
  fasterThan('curl-igzip-tar-sync', 'curl, igzip, tar and sync', 3),
  fasterThan('curl-igzip-tar', 'curl, igzip, tar without sync', 1.3),
  fasterThan('plain-tar', 'tar -x of the plain tar', 1),
  {
    text: 'time over the slower of its limits, decoding alone and writing alone',
    bound: 'at most',
    limit: 1.25,
    unit: ' x',
    value: (seconds) => {
      const [decode, write] = [seconds('decode-alone'), seconds('write-alone')];
      return decode === undefined || write === undefined
        ? undefined
        : divide(seconds('odo'), Math.max(decode, write));
    },
  },
  fasterThan('odo', 'itself, when it has the seek index of an earlier restore', 1.5, 'odo-index'),
  {
    text: 'killed half-way and resumed, both parts over an undisturbed restore',
    bound: 'at most',
    limit: 1.1,
    unit: ' x',
    value: (seconds) => divide(seconds('odo-killed'), seconds('odo')),
  },
  {
    text: 'from `odo resume` to its first new byte',
    bound: 'at most',
    limit: 2,
    unit: ' s',
    value: (_, find) => {
      const killed = find('odo-killed');
      return killed && detailOf(killed, 'firstNewByte');
    },
  },
  peakMemory('peak memory', 'odo'),
  peakMemory('peak memory, by the seek index', 'odo-index'),
  {
    text: 'share of journal and checkpoints: default over one checkpoint at the end',
    bound: 'at most',
    limit: 2,
    unit: ' %',
    value: (seconds) => {
      const ratio = divide(seconds('odo-one-checkpoint'), seconds('odo'));
      return ratio === undefined ? undefined : (1 - ratio) * 100;
    },
  },
];

export function judge({ standings }: CaseReport): Judged[] {
  const find = (name: string) =>
    standings.find(
      ({ contender, results }) =>
        contender.name === name && results.every(({ lacks }) => lacks === undefined),
    );
  const toSeal: Seconds = (name) => {
    const standing = find(name);
    return standing && wallOf(standing);
  };
  const baseOnly: Seconds = (name) => {
    const standing = find(name);
    return standing && (detailOf(standing, 'restoreBase') ?? wallOf(standing));
  };
  return claims.map(({ text, bound, limit, unit, value }) => {
    const wanted = `${bound} ${limit}${unit}`;
    const found = value(toSeal, find);
    if (found === undefined) return { text, wanted, found: '', verdict: 'not measured' };
    const alone = value(baseOnly, find);
    const show = (n: number) => `${n.toFixed(2)}${unit}`;
    return {
      text,
      wanted,
      found:
        alone === undefined || show(alone) === show(found)
          ? show(found)
          : `${show(found)} (restoreBase alone: ${show(alone)})`,
      verdict: (bound === 'at least' ? found >= limit : found <= limit) ? 'reached' : 'not reached',
    };
  });
}
