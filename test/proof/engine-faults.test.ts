import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imageLayout, imageName } from '../lab/images.ts';
import { type PitrFixture, pitrFixture } from '../lab/pitr-fixtures.ts';
import { psqlInContainer } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { goesWell } from '../support/disturbed-restore.ts';
import { type EngineCall, type EngineFault, startEngineProxy } from '../support/engine-proxy.ts';
import { odo } from '../support/odo-program.ts';
import { proofTally, spread, whole } from '../support/proof.ts';
import { fastWaits } from '../support/store-restore.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('engine-faults', 'engine-faults');

const passing = {
  'connection broken before the call': { kind: 'hang-up' },
  'answer lost after the call was obeyed': { kind: 'lost-answer' },
  '500': { kind: 'status', status: 500, message: 'the engine has trouble' },
  'answer cut short': { kind: 'cut', afterBytes: 10 },
  'no answer': { kind: 'silence' },
  'no answer after the call was obeyed': { kind: 'silent-answer' },
} as const satisfies Record<string, EngineFault>;
type Passing = keyof typeof passing;

/** Each costs a watchdog's time, so that they are shared out among several restores, each of which breaks few of them. */
const shares = (fault: Passing): number => (fault.startsWith('no answer') ? 4 : 1);

/**
 * Answers that say how long they are. That a stream was cut which ends with its connection cannot be seen: odo looks at
 * what the process or the container says of itself afterwards.
 */
const measured = /^GET (?!.*(logs|_ping))|^POST .*\/(create.*|exec)$/;

let made = 0;

/** A restore into a new volume through the engine alone, whose socket stands behind a proxy. */
async function engineRestore(archive: PitrFixture, s3: S3Server) {
  const directory = await temporaryDirectory();
  const proxy = await startEngineProxy(join(directory.path, 'engine.sock'));
  const volume = `odo-test-calls-${process.pid}-${made++}`;
  const env = {
    ...s3.env,
    ...fastWaits,
    XDG_STATE_HOME: join(directory.path, 'state'),
    DOCKER_HOST: proxy.address,
  };
  let runId = '';
  const remembered = async (args: readonly string[]) => {
    const result = await odo([...args, '--json'], { env });
    runId = String(result.events.find((event) => 'runId' in event)?.runId ?? runId);
    return result;
  };
  const listed = async (...command: string[]): Promise<string[]> =>
    (await run('docker', command)).split('\n').filter(Boolean);
  const ofRun = `label=odo.run-id=`;
  return {
    proxy,
    directory: directory.path,
    volume,
    start: () =>
      remembered([
        ...['start', '-u', archive.url, '-e', s3.endpoint, '-V', volume, '--image', imageName(15)],
        ...['--volume-access', 'engine', '--yes'],
      ]),
    resume: () => remembered(['resume', runId]),
    status: async () => (await odo(['status', runId, '--json'], { env })).events[0],
    /** Containers of the run, and volumes of it other than the restored one. */
    leftovers: async (): Promise<string[]> => [
      ...(await listed('ps', '-aq', '--filter', `${ofRun}${runId}`)),
      ...(await listed('volume', 'ls', '-q', '--filter', `name=odo-${runId}`)),
    ],
    volumeExists: async (): Promise<boolean> =>
      (await listed('volume', 'ls', '-q', '--filter', `name=${volume}`)).length > 0,
    rows: async (): Promise<string> => {
      const reader = `${volume}-read`;
      await run('docker', [
        'run',
        '-d',
        '--name',
        reader,
        '-v',
        `${volume}:${imageLayout(15).volume}`,
        imageName(15),
      ]);
      try {
        const psql = psqlInContainer(reader);
        return await waitUntil('the restored server answers', () =>
          psql("select string_agg(id::text, ' ' order by id) from marks"),
        );
      } finally {
        await run('docker', ['rm', '-f', reader]);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      for (const name of new Set(proxy.creations.map((creation) => creation.name)))
        await run('docker', ['rm', '-fv', name]).catch(() => {});
      for (const left of [
        ...(await listed('volume', 'ls', '-q', '--filter', `${ofRun}${runId}`)),
        ...(await listed('volume', 'ls', '-q', '--filter', `name=${volume}`)),
      ])
        await run('docker', ['volume', 'rm', '-f', left]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

describeWithLab('failed calls to the container engine', () => {
  let archive: PitrFixture;
  let s3: S3Server;
  let undisturbed: { calls: readonly EngineCall[]; whats: string[]; rows: string };

  beforeAll(async () => {
    archive = await pitrFixture(15);
    s3 = await startS3({ storageDir: archive.storageDir });
    await using restore = await engineRestore(archive, s3);
    const result = await restore.start();
    expect(result.exitCode, result.stderr).toBe(0);
    const calls = [...restore.proxy.calls];
    undisturbed = { calls, whats: [...new Set(calls.map(({ what }) => what))], rows: await restore.rows() };
    proof.figure('calls of a restore', calls.length);
    proof.figure('kinds of calls', undisturbed.whats.length);
  });
  afterAll(async () => {
    await s3?.stop();
  });

  const once = (Object.keys(passing) as Passing[]).flatMap((fault) =>
    Array.from({ length: shares(fault) }, (_, share) => ({ fault, share })),
  );
  const onceTable: string[][] = [];

  test.concurrent.for(spread(once, 1))(
    'every kind of call fails once, and again later: $fault, share $share',
    { timeout: 900_000 },
    async ({ fault, share }) => {
      const planned = undisturbed.whats.filter(
        (what, index) =>
          index % shares(fault) === share && (fault !== 'answer cut short' || measured.test(what)),
      );
      await using restore = await engineRestore(archive, s3);
      const seen = new Map<string, number>();
      const hit = new Map<string, number>();
      restore.proxy.fault = ({ what }) => {
        const count = seen.get(what) ?? 0;
        seen.set(what, count + 1);
        // The first, the third …, the 20th, the 40th: a call that is made again after a failure goes well.
        const isDue = count === 0 || (shares(fault) === 1 && (count === 2 || count % 20 === 19));
        if (!planned.includes(what) || !isDue) return null;
        hit.set(what, (hit.get(what) ?? 0) + 1);
        return passing[fault];
      };
      await proof.case(async () => {
        await goesWell(restore.start(), { planned, hit });
        expect(await restore.leftovers()).toEqual([]);
        expect(await restore.rows()).toBe(undisturbed.rows);
      });
      const broken = [...hit.values()].reduce((sum, count) => sum + count, 0);
      proof.cases(broken - 1);
      onceTable.push([fault, String(broken)]);
    },
  );

  /** Where the engine goes away for good: by the kind of the call, spread over the run. */
  const lasting = Array.from({ length: whole ? 12 : 1 }, (_, index) => index);
  const endings: string[][] = [];

  test.concurrent.for(lasting)(
    'the engine goes away for ever at a call, sample %i',
    { timeout: 900_000 },
    async (index) => {
      const { whats } = undisturbed;
      const what = whats[Math.floor(((index + 0.5) * whats.length) / lasting.length)] ?? '';
      const fault = index % 2 === 0 ? null : passing['500'];
      await using restore = await engineRestore(archive, s3);
      let isHit = false;
      restore.proxy.fault = (call) => {
        if (call.what === what && !isHit) {
          isHit = true;
          if (fault === null) void restore.proxy.goAway();
        }
        return isHit ? (fault ?? { kind: 'hang-up' }) : null;
      };
      await proof.case(async () => {
        const result = await restore.start();
        const end = result.events.findLast(({ type }) => type === 'outcome');
        expect(isHit, what).toBe(true);
        expect(result.stderr).not.toMatch(/^\s+at /m);
        const isRefused = end?.status === 'refused';
        expect(result.exitCode, `${what}: ${result.stderr}`).toBe(isRefused ? 4 : 5);
        expect(result.stderr, what).toContain('The Docker engine at');
        expect(result.stderr, what).toMatch(/^hint: /m);
        endings.push([what, fault === null ? 'gone' : '500', String(end?.status), String(result.exitCode)]);
        restore.proxy.fault = () => null;
        if (fault === null) await restore.proxy.comeBack();
        if (isRefused) {
          expect(result.stderr).toMatch(/Nothing was touched\.\s*$/);
          expect(await restore.volumeExists()).toBe(false);
          return;
        }
        expect(await restore.status()).toMatchObject({ status: 'failed' });
        const resumed = await restore.resume();
        expect(resumed.exitCode, `${what}: ${resumed.stderr}`).toBe(0);
        expect(await restore.leftovers()).toEqual([]);
        expect(await restore.rows()).toBe(undisturbed.rows);
        expect(await readdir(restore.directory)).toEqual(['engine.sock', 'state']);
      });
    },
  );

  afterAll(() => {
    proof.figure(
      'calls that failed once',
      onceTable.reduce((sum, [, count]) => sum + Number(count), 0),
    );
    proof.figure('times the engine went away', endings.length);
    proof.table({ head: ['failed once', 'calls'], rows: onceTable });
    proof.table({ head: ['for ever from', 'fault', 'run', 'exit code'], rows: endings });
  });
});
