import { expect, test } from 'vitest';
import { run } from '../lab/run-command.ts';
import { openDrillPlace, runIdOf } from '../support/drilled.ts';
import type { OdoResult } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const factsOf = ({ events }: OdoResult) =>
  events.find((event) => event.type === 'held')?.facts as { look: string; connection: string };

/** Through the very command that odo printed. */
const ask = async ({ look }: { look: string }, sql: string): Promise<string> =>
  (await run('sh', ['-c', `${look} -XAtc "$1"`, 'sh', sql])).trim();

const proved = ({ events }: OdoResult): unknown[] =>
  events.filter((event) => event.type === 'proof').map((event) => event.item);

describeWithLab('a drill that is kept', () => {
  test('answers queries until it is abandoned, also when its server had died', async () => {
    await using place = await openDrillPlace({ fixture: 'basebackup-15' });
    const first = await place.drill(['--keep', '--port', 'auto']);
    expect(first.exitCode, first.stderr).toBe(0);
    const runId = runIdOf(first);
    expect(first.events.at(-1)).toMatchObject({
      status: 'held',
      verdict: 'passed',
      next: `odo abandon ${runId}`,
    });
    const facts = factsOf(first);
    const pid = await ask(facts, 'select pg_backend_pid()');
    expect(pid).toMatch(/^\d+$/);
    const { hostname, port } = new URL(facts.connection);
    const isUp = () => run(`${binDir15}/pg_isready`, ['-h', hostname, '-p', port]);
    expect(await isUp()).toContain('accepting connections');
    expect(await place.status(runId)).toMatchObject({
      ...{ kind: 'drill', status: 'held', verdict: 'passed', next: `odo abandon ${runId}` },
      held: { reason: 'kept', facts: { look: facts.look } },
    });

    // Asked again it says where it stands, and the server is the same.
    const startedAt = await ask(facts, 'select pg_postmaster_start_time()');
    expect((await place.resume(runId)).exitCode).toBe(0);
    expect(await ask(facts, 'select pg_postmaster_start_time()')).toBe(startedAt);

    const postmaster = await ask(facts, "select pg_read_file('postmaster.pid', 0, 20)");
    process.kill(Number(postmaster.split('\n')[0]), 'SIGQUIT');
    await expect.poll(() => ask(facts, 'select 1').catch(() => 'down'), { timeout: 20_000 }).toBe('down');
    const revived = await place.resume(runId);
    expect(revived.exitCode, revived.stderr).toBe(0);
    const again = factsOf(revived);
    expect(await ask(again, 'select pg_postmaster_start_time()')).not.toBe(startedAt);
    // Nothing was restored or proved anew: each item says what it said, down to the time it took.
    expect(proved(revived)).toEqual(proved(first));
    const worked = revived.events.filter((event) => event.type === 'phase' && event.earlier !== true);
    expect(new Set(worked.map((event) => event.phase))).toEqual(new Set(['prove']));

    const abandoned = await place.abandon(runId);
    expect(abandoned.exitCode, abandoned.stderr).toBe(0);
    expect(await place.leftOf(runId)).toEqual([]);
    await expect(isUp()).rejects.toThrow();
    const second = await place.abandon(runId);
    expect(second.events).toMatchObject([{ type: 'outcome', status: 'abandoned', exitCode: 0 }]);
  });
});
