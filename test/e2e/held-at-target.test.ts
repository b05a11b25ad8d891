import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

type Event = Record<string, unknown>;

/** Restores into a directory, stopping where the fixture has a moment between two writes. */
async function openShop() {
  const backup = await fixture('barman-15');
  const { between } = backup.expected;
  if (between === null) throw new Error('The fixture has no moment in between.');
  const s3 = await startS3({ storageDir: backup.storageDir });
  const directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  const env = { ...s3.env, XDG_STATE_HOME: directory.path };
  return {
    backup,
    between,
    data,
    env,
    start: (...more: string[]) => odo([...startArgs(backup, s3), '--data-dir', data, ...more], { env }),
    odo: (...args: string[]) => odo(args, { env }),
    left: () => readdir(directory.path),
    [Symbol.asyncDispose]: async () => {
      await s3[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const startArgs = (backup: Fixture, s3: S3Server): string[] => [
  ...['start', '-u', backup.url, '-e', s3.endpoint, '--json'],
];

const heldIn = (events: readonly Event[]) =>
  events.find((event) => event.type === 'held') as
    | { reason: string; facts: Record<string, string | null> }
    | undefined;

/** Runs SQL through the very command that odo printed. */
const ask = async (look: string, sql: string): Promise<string> =>
  (await run('sh', ['-c', `${look.replace(/-d \S+$/, '-d app')} -XAtc "$1"`, 'sh', sql])).trim();

describeWithLab('a run that is held at its target', () => {
  test('pauses there, answers read-only queries after odo has ended, and is ended by the next command', async () => {
    await using shop = await openShop();
    const { lsn, tables } = shop.between;
    const paused = await shop.start(
      ...['--target-lsn', lsn, '--no-target-inclusive', '--target-action', 'pause'],
    );
    expect(paused.exitCode, paused.stderr).toBe(0);
    const held = heldIn(paused.events);
    expect(held).toMatchObject({ reason: 'at-target', facts: { heldBy: 'pause', lsn } });
    const look = String(held?.facts.look);
    expect(await ask(look, 'select count(*) from orders')).toBe(String(tables.orders?.rows));
    await expect(ask(look, 'delete from orders')).rejects.toThrow(/read-only transaction/);
    const runId = String(paused.events[0]?.runId);
    expect((await shop.odo('status', runId)).stdout).toContain(look);
    const again = await shop.odo('resume', runId, '--json');
    expect(again.exitCode, again.stderr).toBe(0);
    expect(await ask(look, 'select pg_is_in_recovery()')).toBe('t');
  });
});
