/**
 * A column of the crash matrix: one way to restore, run once without any harm, then once for each point that it passes,
 * killed there and resumed. The end must be the same.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openJournalForReading } from '../../src/journal/open.ts';
import { listAttempts } from '../../src/journal/steps.ts';
import type { RunStatus } from '../../src/run/run-api.ts';
import { readStatus } from '../../src/run/status.ts';
import { runIdOf } from './drilled.ts';
import { odo } from './odo-program.ts';

export interface Column {
  /** Head of the column. */
  readonly name: string;
  /** Of the result without a kill. */
  readonly expected: () => object;
  /** A place for one restore. */
  readonly open: () => Promise<Place>;
}

export interface Place extends AsyncDisposable {
  /** Of the place's own, for the journal and for what odo passed. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** What an operator types, in turn: the first starts the run. */
  readonly commands: readonly ((runId: string) => readonly string[])[];
  /** Texts by which one place differs from the next, and what stands for them. */
  readonly names: Readonly<Record<string, string>>;
  /** Everything there is in the end that must be the same. Asked once, and may change the place. */
  result(runId: string, normalized: (text: string) => string): Promise<unknown>;
}

/** How often each point was passed, by command. */
type Passes = readonly ReadonlyMap<string, number>[];

export interface Reference {
  readonly passes: Passes;
  readonly end: unknown;
}

const traceOf = ({ directory }: Place, command: number): string => join(directory, `passed-${command}`);
const journalOf = ({ directory }: Place): string => join(directory, 'odo', 'journal.sqlite');

function act(place: Place, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return odo(args, { env: { ...place.env, XDG_STATE_HOME: place.directory, ...env } });
}

/** The restore as it is without a kill. */
export async function undisturbed({ open, expected }: Column): Promise<Reference> {
  await using place = await open();
  let runId = '';
  const passes: ReadonlyMap<string, number>[] = [];
  for (const [index, command] of place.commands.entries()) {
    const result = await act(place, command(runId), { ODO_FAILPOINT_TRACE: traceOf(place, index) });
    expect(result.exitCode, result.stderr).toBe(0);
    runId ||= runIdOf(result);
    passes.push(await readPasses(place, index));
  }
  const end = await endOf(place, runId);
  expect(end).toMatchObject({ result: expected(), status: { status: 'completed', error: null, next: null } });
  return { passes, end };
}

async function readPasses(place: Place, command: number): Promise<ReadonlyMap<string, number>> {
  const passes = new Map<string, number>();
  for (const name of (await readFile(traceOf(place, command), 'utf8')).trim().split('\n'))
    passes.set(name, (passes.get(name) ?? 0) + 1);
  return passes;
}

/** How often the column passes the point in the first of its commands that does; null: in none. */
export function passesOf({ passes }: Reference, point: string): { command: number; count: number } | null {
  const command = passes.findIndex((passed) => passed.has(point));
  return command === -1 ? null : { command, count: passes[command]?.get(point) ?? 0 };
}

/** Killed at the `nth` time that the point is passed, then resumed, the column ends as it did undisturbed. */
export async function killAndResume(
  { open }: Column,
  reference: Reference,
  kill: { point: string; command: number; nth: number },
): Promise<void> {
  await using place = await open();
  let runId = '';
  for (const [index, command] of place.commands.entries()) {
    if (index !== kill.command) {
      const result = await act(place, command(runId));
      expect(result.exitCode, result.stderr).toBe(0);
      runId ||= runIdOf(result);
      continue;
    }
    const armed = {
      ODO_FAILPOINT: `${kill.point}#${kill.nth}`,
      ODO_FAILPOINT_TRACE: traceOf(place, index),
    };
    const killed = await act(place, command(runId), armed);
    expect(killed.signal, `${kill.point} was never passed: ${killed.stderr}`).toBe('SIGKILL');
    runId ||= runIdOf(killed);
    const status = readStatus(journalOf(place), runId);
    if (index === 0) expectTruth(status, await readPasses(place, index));
    // One that was held stays so until its plan is another.
    expect(status).toMatchObject({ heldBy: null, next: expect.stringMatching(/^odo (resume|promote) /) });
    const resumed = await act(place, ['resume', runId, '--json']);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    // The command that was killed is typed again, unless it had come to where it is lasting.
    if (index > 0 && readStatus(journalOf(place), runId).status !== 'completed') {
      const again = await act(place, command(runId));
      expect(again.exitCode, again.stderr).toBe(0);
    }
  }
  expect(await endOf(place, runId)).toEqual(reference.end);
}

/**
 * What is passed is written down at once, so that it tells where each phase stood when the process was killed. A phase
 * passes the points of its parts too: it is completed when it has been left as often as it was entered.
 */
function expectTruth(status: RunStatus, passes: ReadonlyMap<string, number>): void {
  expect(status).toMatchObject({ status: 'interrupted', error: null, next: `odo resume ${status.runId}` });
  const expected = status.phases.map(({ phase }) => {
    const entered = passes.get(`${phase}:after-intent`) ?? 0;
    const left = passes.get(`${phase}:after-completion`) ?? 0;
    const state = entered === 0 ? 'pending' : entered === left ? 'completed' : 'interrupted';
    return [phase, state];
  });
  expect(status.phases.map(({ phase, state }) => [phase, state])).toEqual(expected);
}

/** Result, journal and status, with the names of this place and run taken out. */
async function endOf(place: Place, runId: string): Promise<unknown> {
  const normalized = (text: string): string =>
    Object.entries({ ...place.names, [runId]: 'RUN' }).reduce(
      (all, [name, standIn]) => all.replaceAll(name, standIn),
      text,
    );
  const result = await place.result(runId, normalized);
  const { status, verdict, phases, error, next, heldBy } = readStatus(journalOf(place), runId);
  const states = phases.map(({ phase, state }) => [phase, state]);
  const end = {
    result,
    completions: completionsOf(place, runId),
    status: { status, verdict, states, error, next, heldBy },
  };
  return JSON.parse(normalized(JSON.stringify(end)));
}

/** Completed attempts of each step and part. None ran again after it was completed, and none that began was left open. */
function completionsOf(place: Place, runId: string): Readonly<Record<string, number>> {
  const journal = openJournalForReading(journalOf(place));
  if (journal === null) throw new Error(`${journalOf(place)} is no journal`);
  try {
    const completions: Record<string, number> = {};
    for (const { name, instance, outcome } of listAttempts(journal, runId)) {
      // Until the operator has agreed, both are done anew each time.
      if (name === 'preflight' || name === 'plan') continue;
      const key = `${name} ${instance}`;
      if (outcome === 'completed') completions[key] = (completions[key] ?? 0) + 1;
      else expect(completions[key] ?? 0, `${key} ran again after it was completed`).toBe(0);
      completions[key] ??= 0;
    }
    return Object.fromEntries(Object.entries(completions).sort());
  } finally {
    journal.close();
  }
}
