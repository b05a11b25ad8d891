import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { type OdoProgram, type OdoResult, spawnOdo } from '../support/odo-program.ts';
import { proofTally, spread, whole } from '../support/proof.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { readVolume } from '../support/restored-volume.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { describeWithLab } from '../support/with-lab.ts';
import { numbersFrom } from '../unit/archive/gzip-samples.ts';

const proof = proofTally('random-kills', 'random-kills');

/**
 * Printed, so that a failing run can be repeated with ODO_KILL_SEED. It decides after which event of which process a
 * kill comes, counted from that process's start, and how many milliseconds after it: the kill of the same number of the
 * same run comes at the same point of the restore again. Where in the program that point lies is not decided by it, nor
 * how far a process has come after those milliseconds.
 */
const seed = Number(process.env.ODO_KILL_SEED ?? Date.now() % 1_000_000);
const longestChain = 10;

interface Killed {
  readonly what: string;
  readonly fixture: 'basebackup-15' | 'barman-15';
  /** In all, with `npm run prove`. */
  readonly kills: number;
  /** What is killed: the base backup being laid down, what comes after it, or the restore from its first event on. */
  readonly part: 'base' | 'rest' | 'all';
  /** By the seek index that an undisturbed restore has left. */
  readonly byIndex?: boolean;
  readonly inVolume?: boolean;
}

const killed: readonly Killed[] = [
  { what: 'pg_basebackup in one pass', fixture: 'basebackup-15', kills: 60, part: 'base' },
  { what: 'in stretches, by a seek index', fixture: 'basebackup-15', kills: 50, part: 'base', byIndex: true },
  { what: 'barman-cloud in one pass', fixture: 'barman-15', kills: 30, part: 'base' },
  { what: 'recovery of pg_basebackup', fixture: 'basebackup-15', kills: 20, part: 'rest' },
  { what: 'recovery of barman-cloud', fixture: 'barman-15', kills: 10, part: 'rest' },
  { what: 'a restore from its start on', fixture: 'barman-15', kills: 20, part: 'all' },
  { what: 'a volume', fixture: 'basebackup-15', kills: 10, part: 'all', inVolume: true },
];
/** The quick form kills a run of some kinds only. */
const killsOf = ({ kills }: Killed): number => (whole ? kills : 4);

interface Instant {
  /** So many checkpoints, or events of any kind but progress, since the process began. */
  readonly of: 'checkpoint' | 'event';
  readonly count: number;
  readonly delayMs: number;
}

/** The number-th kill of the run of that number always comes at the same instant. */
function instantOf(kind: Killed, runNumber: number, number: number): Instant {
  const below = numbersFrom(seed + killed.indexOf(kind) * 10_007 + runNumber * 101 + number);
  below(2); // the first number of near seeds is near as well
  if (kind.part === 'base') return { of: 'checkpoint', count: below(10), delayMs: below(60) };
  return { of: 'event', count: below(kind.part === 'all' ? 24 : 14), delayMs: below(400) };
}

/** Where a process stands by what it told: the phases that it had begun and not ended. */
function phaseAt({ events }: OdoResult): string {
  const open = new Set<string>();
  for (const { type, phase, state } of events) {
    if (type !== 'phase') continue;
    if (state === 'started') open.add(String(phase));
    else open.delete(String(phase));
  }
  return [...open].at(-1) ?? (events.length === 0 ? 'before its first event' : 'between phases');
}

const baseIsLaidDown = '"phase":"configureRecovery","state":"started"';
/** No process goes further: there the base backup is laid down, and nothing was changed in it yet. */
const stopAfterBase = { ODO_FAILPOINT: 'configureRecovery:after-intent' };

/** Null when the process came to the end of what it was to do. */
async function killAt(program: OdoProgram, instant: Instant): Promise<OdoResult | null> {
  let isOver = false;
  void program.ended.then(() => {
    isOver = true;
  });
  const told = (): number => {
    const lines = program.output().stdout.split('\n').slice(0, -1);
    const isCounted = (line: string): boolean =>
      instant.of === 'event' ? !line.includes('"type":"progress"') : line.includes('"type":"checkpoint"');
    return lines.filter(isCounted).length;
  };
  const isThere = (): boolean => {
    const { stdout } = program.output();
    if (instant.of === 'checkpoint' && !stdout.includes('"phase":"restoreBase"')) return false;
    return told() >= instant.count;
  };
  await waitUntil('it comes to its kill', () => isOver || isThere(), { deadlineMs: 240_000, everyMs: 5 });
  await Promise.race([delay(instant.delayMs), program.ended]);
  program.kill('SIGKILL');
  const result = await program.ended;
  if (result.signal === null) expect(result.exitCode, result.stderr).toBe(0);
  return result.signal === null || (instant.of === 'checkpoint' && result.stdout.includes(baseIsLaidDown))
    ? null
    : result;
}

const runIdIn = (stdout: string): string | null => /"runId":"([^"]+)"/.exec(stdout)?.[1] ?? null;

/** Where runs of one kind go. */
interface Place {
  start(run: string, state: string, env?: Readonly<Record<string, string>>): OdoProgram;
  resume(state: string, runId: string, env?: Readonly<Record<string, string>>): OdoProgram;
  /** What was restored, in a form that is the same for equal ones; then removes it. */
  take(run: string): Promise<unknown>;
}

function placeOf(kind: Killed, s3: S3Server, backup: Fixture, directory: string): Place {
  const data = (name: string): string => join(directory, name);
  const volume = (name: string): string => `odo-test-kills-${process.pid}-${name}`;
  const target = (name: string): string[] =>
    kind.inVolume === true
      ? ['-V', volume(name), '--image', imageName(15), '--volume-access', 'engine']
      : ['--data-dir', data(name)];
  const environment = (state: string, env: Readonly<Record<string, string>> = {}) => ({
    env: {
      ...s3.env,
      XDG_STATE_HOME: join(directory, state),
      ...(kind.part === 'base' ? stopAfterBase : {}),
      ...env,
    },
  });
  return {
    start: (name, state, env) =>
      spawnOdo(
        [
          ...['start', '-u', backup.url, '-e', s3.endpoint, ...target(name), '--json'],
          // A checkpoint every few instants.
          ...['--checkpoint-size', kind.inVolume === true ? '8MiB' : '2MiB', '--jobs', '2'],
        ],
        environment(state, env),
      ),
    resume: (state, runId, env) => spawnOdo(['resume', runId, '--json'], environment(state, env)),
    async take(name) {
      if (kind.inVolume === true) {
        try {
          return await readVolume(15, volume(name), readTableFacts);
        } finally {
          await run('docker', ['volume', 'rm', '-f', volume(name)]);
        }
      }
      const taken = kind.part === 'base' ? await treeDigest(data(name)) : await factsOfDirectory(data(name));
      await rm(data(name), { recursive: true });
      return taken;
    },
  };
}

describeWithLab(`a restore that is killed at random instants (seed ${seed})`, () => {
  const byPhase = new Map<string, number>();
  const chains: number[] = [];
  afterAll(() => {
    const kills = chains.reduce((total, chain) => total + chain, 0);
    proof.figure('kills', kills);
    proof.figure('runs', chains.length);
    proof.figure('most kills of one run', Math.max(...chains));
    proof.figure('seed', seed);
    proof.table({
      head: ['killed in', 'kills'],
      rows: [...byPhase].sort(([, one], [, other]) => other - one).map(([phase, n]) => [phase, String(n)]),
    });
  });

  /** Kills a run, and each of its resumes, as often as asked for; then lets it come to its end. */
  async function killChain(kind: Killed, place: Place, runNumber: number, most: number): Promise<number> {
    const name = `run-${runNumber}`;
    // Each run makes an index of its archive; one pass is for those that have none.
    const state = kind.byIndex === true ? 'state' : `state-${runNumber}`;
    let runId: string | null = null;
    if (kind.part === 'rest') {
      const begun = await place.start(name, state, stopAfterBase).ended;
      expect(begun.signal, begun.stderr).toBe('SIGKILL');
      runId = runIdIn(begun.stdout);
    }
    const next = (): OdoProgram => (runId === null ? place.start(name, state) : place.resume(state, runId));
    let kills = 0;
    while (kills < most) {
      const hit = await killAt(next(), instantOf(kind, runNumber, kills));
      if (hit === null) break;
      runId ??= runIdIn(hit.stdout);
      kills++;
      const phase = phaseAt(hit);
      byPhase.set(phase, (byPhase.get(phase) ?? 0) + 1);
    }
    const last = await next().ended;
    const how = `run ${runNumber}, killed ${kills} times: ${last.stdout}\n${last.stderr}`;
    if (kind.part === 'base') expect(last.signal, how).toBe('SIGKILL');
    else expect(last.exitCode, how).toBe(0);
    chains.push(kills);
    return kills;
  }

  test.concurrent.for(spread(killed, 3))('$what', { timeout: 900_000 }, async (kind) => {
    const backup = await fixture(kind.fixture);
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const place = placeOf(kind, s3, backup, directory.path);
    let wanted: unknown = backup.expected.atLatest.tables;
    if (kind.part === 'base') {
      await place.start('undisturbed', 'state').ended;
      wanted = await place.take('undisturbed');
      expect(Object.keys(wanted as object).length).toBeGreaterThan(900);
    }
    const aim = killsOf(kind);
    let kills = 0;
    for (let runNumber = 0; kills < aim; runNumber++) {
      const most = Math.min(longestChain, aim - kills);
      kills += await proof.case(async () => {
        const made = await killChain(kind, place, runNumber, most);
        expect(await place.take(`run-${runNumber}`)).toEqual(wanted);
        return made;
      });
    }
    if (kind.inVolume === true) {
      const ours = (await run('docker', ['volume', 'ls', '-q', '--filter', 'name=odo-test-kills-'])).trim();
      expect(ours).not.toContain(`-${process.pid}-`);
    }
  });
});
