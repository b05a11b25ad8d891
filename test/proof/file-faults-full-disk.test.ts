import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../lab/wait-until.ts';
import { type LocalBackup, makeLocalBackup, rowsOf, startArgs } from '../support/local-backup.ts';
import { odo, spawnOdo } from '../support/odo-program.ts';
import { proofTally, spread } from '../support/proof.ts';
import { mountScratchDisk } from '../support/scratch-disk.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('file-faults', 'file-faults-full-disk');

/** Where the restore stands when somebody else takes all the room that is left. */
const points = [
  'prepareTarget:after-completion',
  'checkpoint:after#2',
  'checkpoint:after#4',
  'checkpoint:after#6',
  'checkpoint:after#8',
  'restoreBase:after-completion',
  'configureRecovery:after-intent',
  'seal:after-intent',
  'recover:after-intent',
  'promote:after-intent',
].map((point, i) => ({ point, journal: i % 2 === 0 ? 'on the same disk' : 'elsewhere' }));

/** Another program's file. The disk has not a block left afterwards. */
function fill(file: string): void {
  const descriptor = openSync(file, 'wx');
  try {
    for (const bytes of [2 ** 20, 4096]) {
      const zeros = Buffer.alloc(bytes, 1);
      try {
        for (;;) writeSync(descriptor, zeros);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const isSuspended = async (pid: number): Promise<boolean> =>
  /^\d+ \(.*\) T/.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));

describeWithLab('a disk that somebody else fills up', () => {
  let backup: LocalBackup;
  let away: string;

  beforeAll(async () => {
    backup = await makeLocalBackup();
    away = await mkdtemp(join(tmpdir(), 'odo-test-away-'));
  });

  afterAll(async () => {
    await rm(away, { recursive: true });
    await backup[Symbol.asyncDispose]();
  });

  test.concurrent.for(spread(points, 2))('at $point, journal $journal', ({ point, journal }) =>
    proof.case(async () => {
      await using disk = await mountScratchDisk(96 * 2 ** 20);
      const root = await mkdtemp(join(disk.path, 'restore-'));
      await chmod(root, 0o711);
      const data = join(root, 'data');
      const filler = join(disk.path, 'filler');
      const state = journal === 'elsewhere' ? await mkdtemp(join(away, 'state-')) : root;
      const env = { XDG_STATE_HOME: state, NODE_COMPILE_CACHE: join(away, 'compiled') };
      const start = startArgs(backup, data, '1MiB');
      const program = spawnOdo([...start, '--json'], {
        env: { ...env, ODO_FAILPOINT: point, ODO_FAILPOINT_SIGNAL: 'SIGSTOP' },
      });
      await waitUntil('odo is suspended', () => isSuspended(program.pid));
      fill(filler);
      program.kill('SIGCONT');

      const stopped = await program.ended;
      expect(stopped.exitCode, stopped.stderr).toBe(14);
      expect(stopped.stderr + stopped.stdout).not.toMatch(/\n\s+at |"BUG"/);
      expect(stopped.stderr).toMatch(/No space left for the journal|: 0\.0 MiB of [\d.]+ MiB are free there/);
      const runId = /odo resume (\S+)/.exec(stopped.stderr)?.[1] ?? expect.fail(stopped.stderr);
      const status = await odo(['status', runId, '--json'], { env });
      expect(status.exitCode, status.stderr).toBe(0);
      expect(status.events[0]).toMatchObject({ status: expect.stringMatching(/^(failed|interrupted)$/) });

      await rm(filler);
      const resumed = await odo(['resume', runId, '--json'], { env });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await rowsOf(data)).toBe(backup.rows);
      expect((await readdir(root)).filter((name) => name !== 'odo')).toEqual(['data']);
    }),
  );
});
