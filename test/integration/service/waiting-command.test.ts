import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalLauncher } from '../../../src/service/launcher-local.ts';
import { livePostmaster, signalProcess } from '../../../src/service/postmaster.ts';
import { refusalOf, restoreCommand, restoreScriptText } from '../../../src/steps/restore-command.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { describeWithLab } from '../../support/with-lab.ts';
import { type LocalCluster, localCluster, testRun } from './local-cluster.ts';

const wanted = '000000010000000000000001';

/** Shells that run the restore command of this work directory. */
async function scriptsOf(workDirectory: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/proc')) {
    const title = /^\d+$/.test(name) ? await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '') : '';
    if (title.includes(`${workDirectory}/restore-wal.sh`)) found.push(name);
  }
  return found;
}

describeWithLab('a recovery server whose restore command waits for WAL', () => {
  let cluster: LocalCluster;

  beforeEach(async () => {
    cluster = await localCluster();
    const { workDirectory, dataDirectory } = cluster.paths;
    const files = {
      'restore-wal.sh': restoreScriptText(workDirectory),
      'wal-in-archive.txt': `${wanted}\n`,
      'odo.conf': `restore_command = '${restoreCommand(workDirectory).replaceAll("'", "''")}'\n`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(workDirectory, name), text);
    await mkdir(join(workDirectory, 'wal'));
    await chown(join(workDirectory, 'wal'), cluster.owner.uid, cluster.owner.gid);
    await writeFile(join(dataDirectory, 'recovery.signal'), '');
    await chown(join(dataDirectory, 'recovery.signal'), cluster.owner.uid, cluster.owner.gid);
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  const launcher = () => new LocalLauncher({ ...cluster, runId: testRun });
  const waiting = async () => {
    const { workDirectory } = cluster.paths;
    const lines: string[] = [];
    const server = await launcher().launch(
      ['-c', `config_file=${workDirectory}/odo.conf`],
      (line) => lines.push(line),
      new AbortController().signal,
    );
    await waitUntil('it wants WAL', () => lines.includes(`odo: want ${wanted}`));
    expect(await scriptsOf(workDirectory)).toHaveLength(1);
    return { server, lines };
  };
  const untilNoScript = () =>
    waitUntil('no script is left', async () => (await scriptsOf(cluster.paths.workDirectory)).length === 0);

  test.each(['fast', 'immediate'] as const)('ends, and the script with it: %s', async (mode) => {
    const { server } = await waiting();
    await server.stop(mode);
    await untilNoScript();
  });

  test('leaves no script behind when it is killed without mercy and ended by the next attempt', async () => {
    const { server } = await waiting();
    const postmaster = await livePostmaster(cluster.paths.dataDirectory);
    signalProcess(postmaster?.pid ?? expect.fail('no server'), 'SIGKILL');
    await server.exited;
    await launcher().removeLeftovers();
    await untilNoScript();
  });

  test('stops, and does not promote, when odo refuses what it waits for', async () => {
    const { server, lines } = await waiting();
    await writeFile(join(cluster.paths.workDirectory, 'wal', refusalOf(wanted)), '');
    expect((await server.exited).exitCode).not.toBe(0);
    const log = lines.join('\n');
    expect(log).toMatch(new RegExp(`FATAL: .*could not restore file "${wanted}" from archive`));
    expect(log).not.toMatch(/selected new timeline|ready to accept connections/);
  });
});
