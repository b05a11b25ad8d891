import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { imageName } from '../lab/images.ts';
import { openDrillPlace, runIdOf } from '../support/drilled.ts';
import type { OdoProgram } from '../support/odo-program.ts';
import { proofTally, spread } from '../support/proof.ts';
import { describeWithLab } from '../support/with-lab.ts';
import { numbersFrom } from '../unit/archive/gzip-samples.ts';

const proof = proofTally('crash-matrix', 'crash-matrix-drill');

/** Printed, so that a failing run can be repeated. */
const seed = Number(process.env.ODO_KILL_SEED ?? Date.now() % 1_000_000);

/** One in each stretch that leaves something else behind. */
const givenUpAt = [
  'prepareTarget:marked',
  'restoreBase:after-intent',
  'promote:ready',
  'prove:ready',
  'tearDown:ended',
  'tearDown:discarded',
];

/** Waits for the run's name, then as long as it is told, and kills it. */
async function killAfter(program: OdoProgram, delayMs: number): Promise<string> {
  await program.until('the run has a name', ({ stdout }) => stdout.includes('"runId"'));
  await Promise.race([delay(delayMs), program.ended]);
  program.kill('SIGKILL');
  return runIdOf(await program.ended);
}

describeWithLab(`a drill that is killed (random instants by seed ${seed})`, () => {
  const givenUp = async (failpoint: string): Promise<void> => {
    await using place = await openDrillPlace({ fixture: 'basebackup-15' });
    const killed = await place.drill([], { ODO_FAILPOINT: failpoint });
    expect(killed.signal, `${failpoint} was never passed: ${killed.stderr}`).toBe('SIGKILL');
    const runId = runIdOf(killed);
    expect(await place.leftOf(runId)).not.toEqual([]);
    const abandoned = await place.abandon(runId);
    expect(abandoned.exitCode, abandoned.stderr).toBe(0);
    expect(await place.leftOf(runId)).toEqual([]);
    expect(await place.status(runId)).toMatchObject({ status: 'abandoned', next: null });
    expect((await place.resume(runId)).exitCode).toBe(2);
  };
  test.concurrent.for(spread(givenUpAt, 2))('at %s and given up leaves nothing', (failpoint) =>
    proof.case(() => givenUp(failpoint)),
  );

  const killedAgainAndAgain = async (): Promise<void> => {
    await using place = await openDrillPlace({ fixture: 'basebackup-15' });
    const below = numbersFrom(seed);
    const runId = await killAfter(place.spawn(['--port', 'auto']), 500 + below(2000));
    for (let kill = 1; kill < 10; kill++) await killAfter(place.spawnResume(runId), below(2000));
    const last = await place.resume(runId);
    expect(last.exitCode, last.stderr).toBe(0);
    expect(last.events.at(-1)).toMatchObject({ status: 'completed', verdict: 'passed' });
    expect(await place.leftOf(runId)).toEqual([]);
    // Resumed once more it tells the same, and does nothing.
    const more = await place.resume(runId);
    expect(more.events).toMatchObject([{ type: 'outcome', verdict: 'passed', exitCode: 0 }]);
  };
  test.concurrent('at random instants, again and again, passes and leaves nothing', () =>
    proof.case(killedAgainAndAgain));

  const givenUpAtRandom = async (nth: number): Promise<void> => {
    await using place = await openDrillPlace({ fixture: 'basebackup-15' });
    const runId = await killAfter(place.spawn(), numbersFrom(seed + nth)(5000));
    const abandoned = await place.abandon(runId);
    expect(abandoned.exitCode, abandoned.stderr).toBe(0);
    expect(await place.leftOf(runId)).toEqual([]);
  };
  test.concurrent.for(spread([1, 2], 1))('at a random instant and given up leaves nothing (%i)', (nth) =>
    proof.case(() => givenUpAtRandom(nth)),
  );

  const givenUpThroughKills = async (): Promise<void> => {
    await using place = await openDrillPlace({
      fixture: 'basebackup-15',
      args: ['--image', imageName(15), '--volume-access', 'engine'],
    });
    const killed = await place.drill([], { ODO_FAILPOINT: 'prove:ready' });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const runId = runIdOf(killed);
    for (const point of ['tearDown:after-intent', 'tearDown:ended', 'tearDown:discarded']) {
      const cut = await place.abandon(runId, { ODO_FAILPOINT: point });
      expect(cut.signal, `${point}: ${cut.stderr}`).toBe('SIGKILL');
      expect(await place.status(runId)).toMatchObject({
        status: 'interrupted',
        abandonedAt: expect.any(String),
        next: `odo abandon ${runId}`,
      });
    }
    // What was given up is not taken back by a resume.
    const resumed = await place.resume(runId);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(resumed.events.at(-1)).toMatchObject({ status: 'abandoned' });
    expect(await place.leftOf(runId)).toEqual([]);
  };
  test('in a volume, while it proves, is given up through kills and leaves nothing', () =>
    proof.case(givenUpThroughKills));
});
