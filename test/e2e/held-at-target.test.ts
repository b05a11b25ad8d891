import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runIdLabel } from '../../src/docker/labels.ts';
import { stopPostmaster } from '../../src/service/postmaster.ts';
import { imageName, type Major } from '../lab/images.ts';
import { type PitrFixture, pitrFixture } from '../lab/pitr-fixtures.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** A place to restore a fixture to: a directory for 15, whose server this machine has; otherwise a volume. */
async function openPlace(major: Major) {
  const archive = await pitrFixture(major);
  const s3 = await startS3({ storageDir: archive.storageDir });
  const directory = await temporaryDirectory();
  const env = { ...s3.env, XDG_STATE_HOME: directory.path };
  const data = join(directory.path, 'data');
  const target =
    major === 15 ? ['--data-dir', data] : ['-V', `odo-test-held-${process.pid}`, '--image', imageName(major)];
  let runId = '';
  const remember = (result: OdoResult): OdoResult => {
    runId = String(result.events.find((event) => event.runId !== undefined)?.runId ?? runId);
    return result;
  };
  return {
    archive,
    data,
    runId: () => runId,
    start: async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
      const source = ['-u', archive.url, '-e', s3.endpoint, '--target-timeline', '1'];
      return remember(
        await odo(['start', ...source, ...target, '--json', ...args], { env: { ...env, ...more } }),
      );
    },
    resume: (args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) =>
      odo(['resume', runId, '--json', ...args], { env: { ...env, ...more } }),
    promote: () => odo(['promote', runId, '--json'], { env }),
    status: () => odo(['status', runId, '--json'], { env }),
    left: async () => (await readdir(directory.path)).filter((name) => name.includes('.odo-')),
    [Symbol.asyncDispose]: async () => {
      await endEverythingOf(major, runId, data);
      await s3[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

async function endEverythingOf(major: Major, runId: string, data: string): Promise<void> {
  if (major === 15) return stopPostmaster(data, 'immediate', { deadlineMs: 30_000 });
  const filter = ['--filter', `label=${runIdLabel}=${runId}`];
  const ids = async (...list: string[]) =>
    (await run('docker', [...list, '-q', ...filter])).split('\n').filter(Boolean);
  for (const id of await ids('ps', '-a')) await run('docker', ['rm', '-fv', id]);
  for (const id of await ids('volume', 'ls')) await run('docker', ['volume', 'rm', '-f', id]);
}

const rowOf = ({ rows }: PitrFixture, id: number) => {
  const found = rows.find((row) => row.id === id && row.timeline === 1);
  if (found === undefined) throw new Error(`There is no row ${id}`);
  return found;
};

/** Everything up to this row, and nothing behind it. */
const upTo = (archive: PitrFixture, id: number): string[] => [
  ...['--target-lsn', rowOf(archive, id).end, '--no-target-inclusive'],
];

const heldIn = ({ events }: OdoResult) =>
  events.find((event) => event.type === 'held') as
    | { reason: string; facts: Record<string, string | null> }
    | undefined;

/** Runs SQL through the very command that odo printed. */
const ask = async (result: OdoResult, sql: string): Promise<string> => {
  const look = String(heldIn(result)?.facts.look)
    .replace('-it', '-i')
    .replace(/-d \S+$/, '-d app');
  return (await run('sh', ['-c', `${look} -XAtc "$1"`, 'sh', sql])).trim();
};

const lastRow = 'select max(id) from marks';

describeWithLab('a run that is held at its target', () => {
  test.for([15, 17] as const)(
    'PostgreSQL %i pauses, answers queries after odo has ended, moves on, and is promoted',
    async (major) => {
      await using place = await openPlace(major);
      const { archive } = place;
      const first = await place.start([...upTo(archive, 13), '--target-action', 'pause']);
      expect(first.exitCode, first.stderr).toBe(0);
      expect(heldIn(first)).toMatchObject({
        reason: 'at-target',
        facts: { heldBy: 'pause', lsn: rowOf(archive, 13).end },
      });
      expect(await ask(first, lastRow)).toBe('13');
      await expect(ask(first, 'delete from marks')).rejects.toThrow(/read-only transaction/);
      expect((await place.status()).events[0]).toMatchObject({
        status: 'held',
        held: { reason: 'at-target', facts: { heldBy: 'pause' } },
        next: `odo promote ${place.runId()}`,
      });
      // Asked without a target, it goes on being held, and the server is the same.
      const started = await ask(first, 'select pg_postmaster_start_time()');
      expect((await place.resume()).exitCode).toBe(0);
      expect(await ask(first, 'select pg_postmaster_start_time()')).toBe(started);

      const beyond = await place.resume(['--target-lsn', 'FF/0']);
      expect(beyond.exitCode, beyond.stderr).toBe(13);
      expect(await ask(first, lastRow)).toBe('13');

      const second = await place.resume(upTo(archive, 14));
      expect(second.exitCode, second.stderr).toBe(0);
      expect(await ask(second, lastRow)).toBe('14');
      const again = second.events.filter((event) => event.type === 'phase' && event.earlier !== true);
      expect(new Set(again.map((event) => event.phase))).toEqual(new Set(['reachTarget']));

      const promoted = await place.promote();
      expect(promoted.exitCode, promoted.stderr).toBe(0);
      expect(promoted.events.find((event) => event.type === 'completed')).toBeDefined();
      await expect(ask(second, lastRow)).rejects.toThrow();
      expect(await place.left()).toEqual([]);
    },
  );

  test('is shut down at the target, and cannot be promoted by anything but odo promote', async () => {
    await using place = await openPlace(15);
    const { archive } = place;
    const held = await place.start([...upTo(archive, 13), '--target-action', 'shutdown']);
    expect(held.exitCode, held.stderr).toBe(0);
    expect(heldIn(held)).toMatchObject({
      reason: 'at-target',
      facts: { heldBy: 'shutdown', lsn: rowOf(archive, 13).end },
    });
    const paused = await place.resume(['--target-action', 'pause']);
    expect(paused.exitCode, paused.stderr).toBe(0);
    expect(await ask(paused, lastRow)).toBe('13');
    await ask(paused, 'select pg_wal_replay_resume()');
    await waitUntil('the server has ended', () =>
      ask(paused, 'select 1').then(
        () => false,
        () => true,
      ),
    );
    expect((await readdir(join(place.data, 'pg_wal'))).filter((name) => name.endsWith('.history'))).toEqual(
      [],
    );
    // The server is gone, and is started again where it stood.
    const revived = await place.resume();
    expect(revived.exitCode, revived.stderr).toBe(0);
    expect(await ask(revived, lastRow)).toBe('13');
    const again = revived.events.filter((event) => event.type === 'phase' && event.earlier !== true);
    expect(new Set(again.map((event) => event.phase))).toEqual(new Set(['reachTarget']));
    const promoted = await place.promote();
    expect(promoted.exitCode, promoted.stderr).toBe(0);
  });

  test('goes back to an earlier target only after the operator agreed, and extracts the data files again', async () => {
    await using place = await openPlace(15);
    const { archive } = place;
    const later = await place.start([...upTo(archive, 14), '--target-action', 'pause']);
    expect(later.exitCode, later.stderr).toBe(0);
    const refused = await place.resume(upTo(archive, 13));
    expect(refused.exitCode, refused.stderr).toBe(4);
    expect(refused.stderr).toMatch(/extracted again.*What stays: /s);
    expect(await ask(later, lastRow)).toBe('14');
    const earlier = await place.resume([...upTo(archive, 13), '--yes']);
    expect(earlier.exitCode, earlier.stderr).toBe(0);
    expect(await ask(earlier, lastRow)).toBe('13');
    expect(earlier.events).toContainEqual(
      expect.objectContaining({ type: 'phase', phase: 'restoreBase', state: 'completed', attempt: 1 }),
    );
  });

  test('a run that waits when consistent goes to its target and waits there', async () => {
    await using place = await openPlace(15);
    const { archive } = place;
    const consistent = await place.start(['--no-promote']);
    expect(heldIn(consistent), consistent.stderr).toMatchObject({ reason: 'not-promoted' });
    const held = await place.resume(upTo(archive, 13));
    expect(held.exitCode, held.stderr).toBe(0);
    expect(heldIn(held)).toMatchObject({ reason: 'at-target', facts: { heldBy: 'shutdown' } });
  });

  test.for([
    'reachTarget:after-intent',
    'reachTarget:paused',
    'reachTarget:after-effect',
    'reachTarget:after-completion',
  ])('killed at %s it is held after a resume', async (failpoint) => {
    await using place = await openPlace(15);
    const { archive } = place;
    const args = [...upTo(archive, 13), '--target-action', 'pause'];
    const killed = await place.start(args, { ODO_FAILPOINT: failpoint });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const held = await place.resume();
    expect(held.exitCode, held.stderr).toBe(0);
    expect(await ask(held, lastRow)).toBe('13');
  });

  test.for([
    ['move:before', 13, 14],
    ['move:after', 13, 14],
    ['move:before', 14, 13],
    ['move:after', 14, 13],
    ['prepareTarget:marked', 14, 13],
  ] as const)(
    'killed at %s on its way from row %i to row %i it gets there',
    async ([failpoint, from, to]) => {
      await using place = await openPlace(15);
      const { archive } = place;
      const paused = await place.start([...upTo(archive, from), '--target-action', 'pause']);
      expect(paused.exitCode, paused.stderr).toBe(0);
      const killed = await place.resume([...upTo(archive, to), '--yes'], { ODO_FAILPOINT: failpoint });
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      // Before the plan has changed, it is still held where it stood.
      const resumed = await place.resume(failpoint === 'move:before' ? [...upTo(archive, to), '--yes'] : []);
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await ask(resumed, lastRow)).toBe(String(to));
    },
  );
});
