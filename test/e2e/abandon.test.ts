import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

async function openPlace() {
  const backup = await fixture('basebackup-15');
  const s3 = await startS3({ storageDir: backup.storageDir });
  const directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  const env = { ...s3.env, XDG_STATE_HOME: directory.path };
  return {
    data,
    start: (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
      odo(['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json', ...args], {
        env: { ...env, ...more },
      }),
    abandon: (runId: string, ...args: string[]) => odo(['abandon', runId, '--json', ...args], { env }),
    /** The journal's own directory left aside. */
    left: async () => (await readdir(directory.path)).filter((name) => name !== 'odo').sort(),
    [Symbol.asyncDispose]: async () => {
      await s3[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describeWithLab('a restore that is given up', () => {
  test('into a directory that it made: asks first, and then nothing is left', async () => {
    await using place = await openPlace();
    const killed = await place.start([], { ODO_FAILPOINT: 'promote:ready' });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const runId = String(killed.events[0]?.runId);
    const asked = await place.abandon(runId);
    expect(asked.exitCode, asked.stderr).toBe(4);
    expect(asked.stderr).toContain(`${place.data}, which it made`);
    expect(await place.left()).toContain('data');
    const given = await place.abandon(runId, '--yes');
    expect(given.exitCode, given.stderr).toBe(0);
    expect(given.events.at(-1)).toMatchObject({ status: 'abandoned', next: null });
    expect(await place.left()).toEqual([]);
  });

  test('that is held in a directory that was there: leaves it as empty as it was, and free for another', async () => {
    await using place = await openPlace();
    await mkdir(place.data, { mode: 0o700 });
    const held = await place.start(['--no-promote']);
    expect(held.events.at(-1), held.stderr).toMatchObject({ status: 'held' });
    const given = await place.abandon(String(held.events[0]?.runId), '--yes');
    expect(given.exitCode, given.stderr).toBe(0);
    expect(await place.left()).toEqual(['data']);
    expect(await readdir(place.data)).toEqual([]);
    const other = await place.start(['--no-promote']);
    expect(other.exitCode, other.stderr).toBe(0);
  });

  test('before it has cleaned the directory: leaves what was there', async () => {
    await using place = await openPlace();
    const first = await place.start([]);
    expect(first.exitCode, first.stderr).toBe(0);
    await writeFile(join(place.data, 'notes'), 'of the operator');
    const killed = await place.start(['--yes'], { ODO_FAILPOINT: 'prepareTarget:after-intent' });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const before = await readdir(place.data);
    const given = await place.abandon(
      String(killed.events.find((event) => event.runId !== undefined)?.runId),
      '--yes',
    );
    expect(given.exitCode, given.stderr).toBe(0);
    expect(await readdir(place.data)).toEqual(before);
    expect(await place.left()).toEqual(['data']);
  });
});
