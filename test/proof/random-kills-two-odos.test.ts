import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorKinds } from '../../src/errors/codes.ts';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { type OdoProgram, type OdoResult, spawnOdo } from '../support/odo-program.ts';
import { proofTally, spread, whole } from '../support/proof.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { changesOf } from '../support/tree-state.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('random-kills', 'random-kills-two-odos');

type Environment = Readonly<Record<string, string>>;

/** Suspends the process at a named point, until it is continued. */
const suspendedAt = (point: string): Environment => ({
  ODO_FAILPOINT: point,
  ODO_FAILPOINT_SIGNAL: 'SIGSTOP',
});

/**
 * odo sees no process outside of a namespace of its own, and is seen by none: like one in another container. The first
 * process of a namespace could not suspend itself, so that is a shell.
 */
const unseen = [
  ...(['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const),
  ...(['sh', '-c', '"$@"; exit $?', 'sh'] as const),
] as const;

/** Empty once the process has ended, which a program that odo runs may do at any time. */
const readOf = (pid: number, file: string): Promise<string> =>
  readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');

/** Of a process and of those that it runs. */
async function pidsFrom(pid: number): Promise<number[]> {
  const children = (await readOf(pid, `task/${pid}/children`)).split(' ').filter(Boolean);
  return [pid, ...(await Promise.all(children.map((child) => pidsFrom(Number(child))))).flat()];
}

/** Resolves with the pid of the odo, which differs from the program's when that runs it. */
function untilSuspended({ pid }: OdoProgram): Promise<number> {
  return waitUntil('odo is suspended', async () => {
    for (const odo of await pidsFrom(pid)) {
      if (/\) T /.test(await readOf(odo, 'stat'))) return odo;
    }
    return null;
  });
}

const runIdOf = (stdout: string): string => /"runId":"([^"]+)"/.exec(stdout)?.[1] ?? expect.fail(stdout);

interface ToldError {
  readonly code?: keyof typeof errorKinds;
  readonly message?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const errorOf = ({ events }: OdoResult): ToldError =>
  events.findLast(({ error }) => error != null)?.error ?? {};

/** It ended with one of these errors, and with the exit code that belongs to it. */
function expectRefused(result: OdoResult, ...codes: (keyof typeof errorKinds)[]): void {
  const { code, message } = errorOf(result);
  expect(codes, `${message}\n${result.stderr}`).toContain(code);
  expect(result.exitCode).toBe(errorKinds[code ?? 'BUG'].exitCode);
}

/** One of them did the work; resolves with the others. */
function othersThanWinner(results: readonly OdoResult[]): OdoResult[] {
  const losers = results.filter(({ exitCode }) => exitCode !== 0);
  expect(losers.length, results.map(({ stderr }) => stderr).join('\n')).toBe(results.length - 1);
  return losers;
}

describeWithLab('two odos', () => {
  let s3: S3Server;
  let backup: Fixture;
  beforeAll(async () => {
    backup = await fixture('basebackup-15');
    s3 = await startS3({ storageDir: backup.storageDir });
  });
  afterAll(() => s3?.stop());

  /** A directory to restore into, and state directories beside it. */
  async function openPlace() {
    const directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const args = [
      'start',
      '-u',
      backup.url,
      '-e',
      s3.endpoint,
      '--checkpoint-size',
      '16MiB',
      '--yes',
      '--json',
    ];
    const inState = (state: string, env: Environment) => ({
      ...{ ...s3.env, XDG_STATE_HOME: join(directory.path, `state${state}`) },
      ...env,
    });
    return {
      data,
      start: (state: string, env: Environment = {}, more: readonly string[] = ['--data-dir', data]) =>
        spawnOdo([...args, ...more], { env: inState(state, env) }),
      startUnseen: (env: Environment) =>
        spawnOdo([...args, '--data-dir', data], { env: inState('', env), through: unseen }),
      go: (command: 'resume' | 'abandon', state: string, runId: string, ...more: string[]) =>
        spawnOdo([command, runId, '--json', ...more], { env: inState(state, {}) }),
      /** What is there beside the state directories. */
      left: async () => (await readdir(directory.path)).filter((name) => !name.startsWith('state')).sort(),
      isRestored: async () => {
        expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
        expect((await readdir(data)).filter((name) => name.includes('odo'))).toEqual([]);
      },
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  }
  type Place = Awaited<ReturnType<typeof openPlace>>;

  /** What it was that lost the target, it can be given up, and nothing of it is left. */
  async function giveUp(place: Place, state: string, loser: OdoResult): Promise<void> {
    const given = await place.go('abandon', state, runIdOf(loser.stdout), '--yes').ended;
    expect(given.exitCode, given.stderr).toBe(0);
  }

  const taken = ['TARGET_IN_USE', 'TARGET_NOT_EMPTY', 'TARGET_CHANGED'] as const;

  /** Both have looked at the target and found it free; then both go on. */
  const races = [
    { journals: 'two journals', states: ['-1', '-2'], there: 'an empty directory' },
    { journals: 'one journal', states: ['', ''], there: 'no directory' },
  ] as const;
  test.concurrent.for(spread(races, 1))('with $journals, one target: $there', async ({ states, there }) => {
    await proof.case(async () => {
      await using place = await openPlace();
      if (there !== 'no directory') await mkdir(place.data);
      const programs = states.map((state) => place.start(state, suspendedAt('prepareTarget:looked')));
      const pids = await Promise.all(programs.map(untilSuspended));
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      const results = await Promise.all(programs.map(({ ended }) => ended));
      for (const loser of othersThanWinner(results)) {
        expectRefused(loser, ...taken);
        await giveUp(place, states[results.indexOf(loser)] ?? '', loser);
      }
      expect(await place.left()).toEqual(['data']);
      await place.isRestored();
    });
  });

  /** The first is suspended between its look at the target and its mark, and finds out only then. */
  const overtaken = [
    { there: 'no directory', comesTo: 'end' },
    { there: 'data to be replaced', comesTo: 'restoreBase:after-intent' },
  ] as const;
  test.concurrent.for(spread(overtaken, 0))(
    'one overtakes the other ($there, to $comesTo)',
    async (given) => {
      const { there, comesTo } = given;
      await proof.case(async () => {
        await using place = await openPlace();
        if (there !== 'no directory') await mkdir(place.data);
        if (there === 'data to be replaced') {
          await run('sh', ['-c', 'echo 15 > PG_VERSION; mkdir base; echo old > base/1'], { cwd: place.data });
        }
        const first = place.start('-1', suspendedAt('prepareTarget:looked'));
        const pid = await untilSuspended(first);
        const second = place.start('-2', comesTo === 'end' ? {} : suspendedAt(comesTo));
        if (comesTo === 'end') expect((await second.ended).exitCode, second.output().stderr).toBe(0);
        else await untilSuspended(second);
        const before = await changesOf(place.data);
        process.kill(pid, 'SIGCONT');
        const loser = await first.ended;
        expectRefused(loser, ...taken);
        expect(await changesOf(place.data)).toEqual(before);
        await giveUp(place, '-1', loser);
        expect(await changesOf(place.data)).toEqual(before);
        if (comesTo !== 'end') {
          second.kill('SIGCONT');
          expect((await second.ended).exitCode, second.output().stderr).toBe(0);
        }
        expect(await place.left()).toEqual(['data']);
        await place.isRestored();
      });
    },
  );

  const volumes = [{ access: 'engine', comesTo: 'end' }] as const;
  test.concurrent.for(spread(volumes, 0))(
    'of one volume ($access, to $comesTo)',
    async ({ access, comesTo }) => {
      await proof.case(async () => {
        await using place = await openPlace();
        const volume = `odo-test-two-${process.pid}-${access}-${comesTo.length}`;
        const target = ['-V', volume, '--image', imageName(15), '--volume-access', access];
        try {
          const first = place.start('-1', suspendedAt('prepareTarget:looked'), target);
          const pid = await untilSuspended(first);
          const second = place.start('-2', comesTo === 'end' ? {} : suspendedAt(comesTo), target);
          if (comesTo === 'end') expect((await second.ended).exitCode, second.output().stderr).toBe(0);
          else await untilSuspended(second);
          process.kill(pid, 'SIGCONT');
          const loser = await first.ended;
          expectRefused(loser, 'TARGET_CHANGED');
          await giveUp(place, '-1', loser);
          if (comesTo !== 'end') {
            second.kill('SIGCONT');
            expect((await second.ended).exitCode, second.output().stderr).toBe(0);
          }
          const label = `{{index .Labels "odo.run-id"}}`;
          const madeBy = await run('docker', ['volume', 'inspect', '-f', label, volume]);
          expect(madeBy).toBe(runIdOf(second.output().stdout));
          for (const result of [loser, await second.ended]) {
            const own = ['--filter', `name=odo-${runIdOf(result.stdout)}`];
            expect(await run('docker', ['volume', 'ls', '-q', ...own])).toBe('');
            expect(await run('docker', ['ps', '-aq', ...own])).toBe('');
          }
        } finally {
          await run('docker', ['volume', 'rm', '-f', volume]);
        }
      });
    },
  );

  const killedAt = ['promote:ready', 'archive:saved'];
  test.concurrent.for(spread(killedAt, 1))('resume one run that was killed at %s', async (point) => {
    await proof.case(async () => {
      await using place = await openPlace();
      const killed = await place.start('', { ODO_FAILPOINT: point }).ended;
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      const runId = runIdOf(killed.stdout);
      const programs = Array.from({ length: 3 }, () => place.go('resume', '', runId));
      const results = await Promise.all(programs.map(({ ended }) => ended));
      // Who comes when the run is completed already finds nothing to do.
      const workers = results.filter(({ events }) => events.some(({ type }) => type === 'phase'));
      expect(workers.map(({ exitCode, stderr }) => `${exitCode} ${stderr}`)).toEqual(['0 ']);
      for (const other of results) {
        if (other === workers[0] || other.exitCode === 0) continue;
        expectRefused(other, 'RUN_HELD');
        const pid = programs[results.indexOf(workers[0] as OdoResult)]?.pid;
        expect(errorOf(other).message).toMatch(
          new RegExp(`: process ${pid} on |Another odo has just worked on run ${runId}`),
        );
      }
      expect(await place.left()).toEqual(['data']);
      await place.isRestored();
    });
  });

  test.concurrent.for(spread(['nightly'], 0))('start runs with one key', async (key) => {
    await proof.case(async () => {
      await using place = await openPlace();
      const keyed = ['--data-dir', place.data, '--run-key', key];
      const programs = Array.from({ length: 3 }, () => place.start('', {}, keyed));
      const results = await Promise.all(programs.map(({ ended }) => ended));
      for (const loser of othersThanWinner(results)) expectRefused(loser, 'RUN_HELD');
      const ids = new Set(
        results.map(({ stdout, stderr }) => /\d{8}-\d{6}-\w{4}/.exec(stdout + stderr)?.[0]),
      );
      expect(ids.size).toBe(1);
      expect(await place.left()).toEqual(['data']);
      await place.isRestored();
    });
  });

  const busyAt = ['checkpoint:after'];
  test.concurrent.for(spread(busyAt, 0))('one resumes while the other is at work, at %s', async (point) => {
    await proof.case(async () => {
      await using place = await openPlace();
      const first = place.start('', suspendedAt(point));
      await untilSuspended(first);
      const runId = runIdOf(first.output().stdout);
      const before = await changesOf(place.data);
      for (const command of ['resume', 'abandon'] as const) {
        const refused = await place.go(command, '', runId).ended;
        expectRefused(refused, 'RUN_HELD');
        expect(errorOf(refused).message).toContain(`process ${first.pid}`);
      }
      expect(await changesOf(place.data)).toEqual(before);
      first.kill('SIGCONT');
      expect((await first.ended).exitCode, first.output().stderr).toBe(0);
      await place.isRestored();
    });
  });

  const robbedAt = ['prepareTarget:marked', 'promote:ready', 'checkpoint:after'];
  test.concurrent.for(spread(robbedAt, 1))(
    'one is suspended at %s, and the other takes over',
    async (point) => {
      await proof.case(async () => {
        await using place = await openPlace();
        const first = place.start('', suspendedAt(point));
        await untilSuspended(first);
        const second = place.go('resume', '', runIdOf(first.output().stdout), '--take-over');
        expect((await second.ended).exitCode, second.output().stderr).toBe(0);
        const before = await changesOf(place.data);
        first.kill('SIGCONT');
        expect((await first.ended).signal).toBe('SIGKILL');
        expect(await changesOf(place.data)).toEqual(before);
        expect(second.output().stdout).toContain(`was taken from process ${first.pid}, which was ended.`);
        expect(await place.left()).toEqual(['data']);
        await place.isRestored();
      });
    },
  );

  /** Takes the minute in which the lease of a suspended odo expires, so not in the quick form. */
  const unseenAt = ['prepareTarget:marked', 'restoreBase:after-intent'];
  test.concurrent.for(whole ? [unseenAt] : [])(
    'one is suspended unseen past its lease (%s, %s), and the other takes over',
    async (points) => {
      const robbed = points.map(async (point) => {
        await using place = await openPlace();
        const first = place.startUnseen(suspendedAt(point));
        const pid = await untilSuspended(first);
        const runId = runIdOf(first.output().stdout);
        const refused = await place.go('resume', '', runId).ended;
        expectRefused(refused, 'RUN_HELD');
        const expiresAt = Date.parse(String(errorOf(refused).details?.['expiresAt']));
        await waitUntil('the lease expires', () => Date.now() >= expiresAt, { deadlineMs: 90_000 });
        const second = await place.go('resume', '', runId).ended;
        expect(second.exitCode, second.stderr).toBe(0);
        const before = await changesOf(place.data);
        process.kill(pid, 'SIGCONT');
        expectRefused(await first.ended, 'LEASE_LOST');
        expect(await changesOf(place.data)).toEqual(before);
        expect(await place.left()).toEqual(['data']);
        await place.isRestored();
      });
      await Promise.all(robbed.map((work) => proof.case(() => work)));
    },
  );
});
