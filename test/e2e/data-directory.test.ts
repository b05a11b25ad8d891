import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventSchema } from '../../tools/event-schema.ts';
import { fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('a restore into a data directory', () => {
  test.for(['barman-15', 'barman-15-plain', 'basebackup-15', 'basebackup-15-plain'] as const)(
    'of %s holds every row and nothing of odo',
    async (name) => {
      const backup = await fixture(name);
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using directory = await temporaryDirectory();
      const data = join(directory.path, 'data');
      const result = await odo(['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'], {
        env: { ...s3.env, XDG_STATE_HOME: directory.path },
      });
      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.events.find((event) => event.type === 'completed')).toMatchObject({
        type: 'completed',
        facts: { systemIdentifier: backup.expected.systemIdentifier, timeline: backup.expected.timeline + 1 },
      });
      for (const event of result.events.filter(({ type }) => type !== 'outcome'))
        expect(eventSchema.safeParse(event).error, JSON.stringify(event)).toBeUndefined();
      const names = await readdir(data);
      expect(names.filter((entry) => entry.includes('odo'))).toEqual([]);
      expect(names).not.toContain('recovery.signal');
      expect(await readdir(directory.path)).not.toContainEqual(expect.stringMatching(/^data\.odo-/));
      expect((await stat(data)).mode & 0o777).toBe(0o700);
      expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
    },
  );

  test('stops at consistency with --no-promote, and odo promote finishes it', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--no-promote', '--json'];
    const held = await odo(args, { env });
    expect(held.exitCode, held.stderr).toBe(0);
    expect(held.events.find((event) => event.type === 'held')).toMatchObject({
      type: 'held',
      reason: 'not-promoted',
    });
    const runId = String(held.events[0]?.runId);
    const status = await odo(['status', runId, '--json'], { env });
    expect(status.events[0]).toMatchObject({ status: 'held', next: `odo promote ${runId}` });
    const promoted = await odo(['promote', runId, '--json'], { env });
    expect(promoted.exitCode, promoted.stderr).toBe(0);
    expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
  });

  test('is begun again from an empty directory with --redo prepareTarget, and only by a name that exists', async () => {
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'];
    const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'recover:after-completion' } });
    const runId = String(killed.events[0]?.runId);
    expect((await odo(['resume', runId, '--redo', 'nonsense'], { env })).exitCode).toBe(2);
    const redone = await odo(['resume', runId, '--redo', 'prepareTarget', '--json'], { env });
    expect(redone.exitCode, redone.stderr).toBe(0);
    expect(redone.events).toContainEqual(
      expect.objectContaining({ type: 'phase', phase: 'restoreBase', state: 'completed', attempt: 1 }),
    );
    expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
  });

  test('says with exit 15 when somebody changed the directory while the run stood still', async () => {
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'];
    const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'recover:after-completion' } });
    await rm(data, { recursive: true });
    const resumed = await odo(['resume', String(killed.events[0]?.runId)], { env });
    expect(resumed.exitCode).toBe(15);
    expect(resumed.stderr).toMatch(/is gone/);
    expect(resumed.stderr).toMatch(/--redo prepareTarget/);
  });
});
