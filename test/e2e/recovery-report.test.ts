import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFixture, fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('a recovery tells', () => {
  test('where replay is, what it has come to, and the same again in odo status', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const data = join(directory.path, 'data');
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'];
    const { events, stderr, exitCode } = await odo(args, { env });
    expect(exitCode, stderr).toBe(0);
    const timeline = backup.expected.timeline + 1;
    const told = events.filter(({ type }) => type === 'recovery');
    expect(told.map(({ phase, state }) => `${phase}: ${state}`)).toEqual([
      'recover: consistent',
      // The end of the archive is a target too: its last record.
      'promote: target-reached',
      'promote: replayed',
      'promote: promoted',
    ]);
    expect(told.at(-1)).toMatchObject({ timeline });
    const last = events.findLast(({ unit, phase }) => unit === 'wal-bytes' && phase === 'promote');
    expect(last).toMatchObject({ percent: 100, lsn: told[2]?.lsn, commitTime: expect.stringMatching(/Z$/) });
    expect(
      events.find(
        ({ type, phase, state }) => type === 'phase' && phase === 'promote' && state === 'completed',
      ),
    ).toMatchObject({
      facts: { timeline, stoppedAt: told[1]?.says, lastTransaction: told[2]?.lastTransaction },
    });
    const status = await odo(['status', String(events[0]?.runId), '--json'], { env });
    expect(status.events[0]).toMatchObject({
      replay: null,
      recovery: told.map(({ type: _, runId: __, ...rest }) => rest),
    });
  });

  test('why it failed: the cause, what it means, what to do, and the last lines of the log', async () => {
    await using directory = await temporaryDirectory();
    const backup = await copyFixture(await fixture('barman-15-plain'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    // The plan looks at the beginnings of the segments only, and does not see it.
    await breakRecord(join(backup.storageDir, backup.bucket));
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const data = join(directory.path, 'data');
    const where = ['-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--wal-check', 'ends'];
    const failed = await odo(['start', ...where], { env });
    expect(failed.exitCode, failed.stderr).toBe(5);
    expect(failed.stderr).toMatch(/^odo: The server ended before it had come to LSN .*: /m);
    for (const part of ['cause:', 'consequence:', 'last lines of the server log:', 'FATAL: ', 'hint: ']) {
      expect(failed.stderr).toContain(part);
    }
    const { events } = await odo(['status', '--json'], { env });
    expect(events[0]).toMatchObject({
      status: 'failed',
      error: {
        code: 'RECOVERY_FAILED',
        details: {
          diagnosis: { symptom: 'target-not-reached', because: { symptom: expect.stringMatching(/^wal-/) } },
          serverLog: expect.arrayContaining([expect.stringContaining('recovery ended before')]),
        },
      },
    });
  });
});

/** In the last segment but two: behind the one in which the backup ends. */
async function breakRecord(bucket: string): Promise<void> {
  const names = (await readdir(bucket, { recursive: true })).filter((name) =>
    /\/[0-9A-F]{24}\._S3rver_object$/.test(name),
  );
  const path = join(bucket, names.sort().at(-3) ?? '');
  const bytes = await readFile(path);
  // Behind the first page, which `ends` looks at, and in front of the zeros behind a switch.
  const used = bytes.findLastIndex((byte) => byte !== 0);
  expect(used).toBeGreaterThan(8192 + 200);
  const middle = Math.floor((8192 + used) / 2);
  bytes.fill(0xff, middle, middle + 64);
  await writeFile(path, bytes);
}
