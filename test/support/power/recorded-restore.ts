import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openJournal } from '../../../src/journal/open.ts';
import { listStepStates } from '../../../src/journal/steps.ts';
import { numbersFrom } from '../../unit/archive/gzip-samples.ts';
import { type OdoResult, odo, spawnOdo } from '../odo-program.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { type Claimed, lostClaims } from './lost-claims.ts';
import { nextBoot } from './next-boot.ts';
import { type DiskSpec, type PoweredMachine, startMachine } from './powered-machine.ts';
import type { Cut, Loss } from './recorded-disk.ts';
import { forgotten, type Told, toldBy } from './told-events.ts';

type Environment = Readonly<Record<string, string>>;

/** File systems, and which of them hold the data directory and the journal. */
export interface Place {
  readonly disks: readonly DiskSpec[];
  readonly data: string;
  readonly state: string;
}

/** A restore that was recorded from its plan to its end. */
export interface RecordedRestore extends AsyncDisposable {
  readonly machine: PoweredMachine;
  readonly dataDirectory: string;
  readonly result: OdoResult;
  /** Writes and flushes from the plan to the end. */
  readonly moments: number;
  /** Where power may be cut: half of it when something had just been flushed, a quarter when something had just been told. */
  chooseCuts(count: number, seed: number): Cut[];
  /** When odo had told the last of what it told, and all that was not flushed by then is lost. */
  readonly lastCut: Cut;
  /** After a cut: what the journal says, held against what odo had told and what the disk holds. */
  examine(cut: Cut, claimed: Claimed): Promise<Examined>;
  /** In a machine that was started anew. */
  resume(env?: Environment): Promise<OdoResult>;
}

export interface Examined {
  readonly found: {
    readonly integrity: unknown;
    readonly forgotten: readonly Told['what'][];
    readonly lost: readonly string[];
  };
  /** Nothing was changed yet in what was laid down. */
  readonly isInBase: boolean;
}

const losses: readonly Loss[] = ['everything', 'writes', 'everything', 'pages', 'nothing', 'sectors'];

/** `args`: of `odo start`, without target and journal. */
export async function recordRestore(
  place: Place,
  args: readonly string[],
  env: Environment,
): Promise<RecordedRestore> {
  await using stack = new AsyncDisposableStack();
  const machine = stack.use(await startMachine(place.disks));
  const dataDirectory = join(machine.directory, place.data);
  const state = join(machine.directory, place.state);
  const withState = { ...env, XDG_STATE_HOME: state };
  const telling: Promise<Told | null>[] = [];
  const result = await spawnOdo(['start', '--data-dir', dataDirectory, ...args], {
    env: withState,
    onEvent: (event) => {
      const what = toldBy(event);
      if (what !== null) telling.push(machine.record().then(({ position }) => ({ at: position, what })));
    },
  }).ended;
  const told = (await Promise.all(telling)).filter((one) => one !== null);
  const { position: to, flushes } = await machine.record();
  const from = told.find(({ what }) => what.phase === 'plan')?.at;
  const last = told.at(-1)?.at;
  if (from === undefined || last === undefined) throw new Error(`odo made no plan: ${result.stderr}`);
  const runId = String(result.events[0]?.['runId']);
  const kept = stack.move();
  return {
    machine,
    dataDirectory,
    result,
    moments: to - from,
    lastCut: { at: last, loss: 'everything', seed: 0 },
    chooseCuts(count, seed) {
      const below = numbersFrom(seed);
      const inside = flushes.flat().filter((at) => at >= from && at <= to);
      return Array.from({ length: count }, (_, i) => {
        const anywhere = from + below(to - from + 1);
        const flush = inside[below(inside.length)] ?? anywhere;
        const when = [flush, anywhere, flush, told[below(told.length)]?.at ?? anywhere][i % 4] as number;
        return { at: Math.max(from, when), loss: losses[i % losses.length] as Loss, seed: below(1_000_000) };
      }).sort((one, other) => one.at - other.at);
    },
    async examine(cut, claimed) {
      // A copy, so that odo is who takes up what SQLite left.
      await using copy = await temporaryDirectory();
      await cp(join(state, 'odo'), copy.path, { recursive: true });
      const journal = openJournal(join(copy.path, 'journal.sqlite'));
      try {
        const before = told.filter(({ at }) => at <= cut.at);
        const found = {
          integrity: journal.pragma('integrity_check', { simple: true }),
          forgotten: forgotten(journal, runId, before),
          lost: await lostClaims({ journal, runId, dataDirectory, ...claimed }),
        };
        const steps = listStepStates(journal, runId);
        return { found, isInBase: !steps.some(({ name }) => name === 'configureRecovery') };
      } finally {
        journal.close();
      }
    },
    resume: (added = {}) =>
      odo(['resume', runId, '--json'], { env: { ...withState, ...nextBoot(), ...added } }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
