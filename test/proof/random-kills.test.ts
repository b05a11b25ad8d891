import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { type OdoProgram, odo, spawnOdo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';
import { numbersFrom } from '../unit/archive/gzip-samples.ts';

/** Printed, so that a failing run can be repeated: ODO_KILL_SEED. Instants differ from run to run all the same. */
const seed = Number(process.env.ODO_KILL_SEED ?? Date.now() % 1_000_000);
const kills = Number(process.env.ODO_KILLS ?? 100);
const killsEachRun = 10;

/** No process goes further: there the base backup is laid down, and nothing was changed in it yet. */
const stopAfterBase = { ODO_FAILPOINT: 'configureRecovery:after-intent' };

/** The whole tree, every byte of it. */
async function treeOf(directory: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Names the run, and so differs.
    if (entry.name === '.odo-run.json') continue;
    const { mode, size } = await lstat(path);
    const content = entry.isFile()
      ? `${size} ${createHash('sha1')
          .update(await readFile(path))
          .digest('hex')}`
      : '';
    tree[path.slice(directory.length)] = `${mode.toString(8)} ${content}`;
  }
  return tree;
}

/** False when the base backup had been laid down before. */
async function killAtRandom(program: OdoProgram, delayMs: number): Promise<boolean> {
  await program.until('restoreBase begins', ({ stdout }) => stdout.includes('"phase":"restoreBase"'));
  await Promise.race([delay(delayMs), program.ended]);
  program.kill('SIGKILL');
  const { stdout } = await program.ended;
  return !stdout.includes('"phase":"restoreBase","state":"completed"');
}

describeWithLab(`a base backup whose restore is killed at random instants (seed ${seed})`, () => {
  test.each([
    { how: 'in one pass', byIndex: false },
    { how: 'in stretches, by a seek index', byIndex: true },
  ])('is byte-identical in the end: $how', { timeout: 900_000 }, async ({ byIndex }) => {
    const below = numbersFrom(seed + (byIndex ? 1 : 0));
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const start = (name: string, state: string) => ({
      args: [
        ...['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', join(directory.path, name), '--json'],
        // So that there is time to be killed in, and a checkpoint every few instants.
        ...['--checkpoint-size', '2MiB', '--max-rate', '40MiB/s', '--jobs', '2'],
      ],
      env: { ...s3.env, ...stopAfterBase, XDG_STATE_HOME: join(directory.path, state) },
    });

    const undisturbed = start('undisturbed', 'state');
    await odo(undisturbed.args, { env: undisturbed.env });
    const wanted = await treeOf(join(directory.path, 'undisturbed'));
    expect(Object.keys(wanted).length).toBeGreaterThan(900);

    let killed = 0;
    for (let run = 0; killed < kills / 2; run++) {
      // The journal of the undisturbed run knows the index.
      const { args, env } = start(`run-${run}`, byIndex ? 'state' : `state-${run}`);
      let program = spawnOdo(args, { env });
      await program.until('the run has a name', ({ stdout }) => stdout.includes('"runId"'));
      const runId = /"runId":"([^"]+)"/.exec(program.output().stdout)?.[1] ?? expect.fail('no run');
      for (let kill = 0; kill < killsEachRun && (await killAtRandom(program, below(1500))); kill++) {
        killed++;
        program = spawnOdo(['resume', runId, '--json'], { env });
      }
      await program.ended;
      const last = await odo(['resume', runId, '--json'], { env });
      expect(last.signal, last.stderr).toBe('SIGKILL');
      expect(await treeOf(join(directory.path, `run-${run}`))).toEqual(wanted);
      await rm(join(directory.path, `run-${run}`), { recursive: true });
    }
  });
});
