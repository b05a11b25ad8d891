import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { installPackages } from '../lab/debian-packages.ts';
import { run } from '../lab/run-command.ts';
import { s3Keys } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { odo, odoCli } from '../support/odo-program.ts';
import { stableScreen } from '../support/screen-text.ts';
import { stallingBackup } from '../support/stalling-backup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startTmux } from '../support/tmux.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** A run to which nothing more comes. A slow disk is silent too, before it has the first checkpoint. */
const stalled = / ok {2}restore WAL[^]*checkpoint .* ago {2}silent for/;

const fixture = (name: string): string => join(import.meta.dirname, `../fixtures/terminal/${name}.txt`);

describeWithLab('a restore on a terminal', () => {
  beforeAll(() => installPackages(['tmux']));

  test('is drawn in every window, stops at Ctrl-C, and goes on without a terminal', async () => {
    await using directory = await temporaryDirectory();
    await using source = await stallingBackup(directory.path);
    const state = join(directory.path, 'state');
    const env = { XDG_STATE_HOME: state };
    const keys = { AWS_ACCESS_KEY_ID: s3Keys.accessKeyId, AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey };
    const data = join(directory.path, 'data');
    // What an interactive shell reads first.
    const functions = join(directory.path, 'functions.sh');
    await writeFile(
      functions,
      `PS1='$ '
odo() { '${process.execPath}' '${odoCli}' "$@"; }
restore() { odo start -u ${source.backup.url} -e ${source.endpoint} --data-dir ${data} --checkpoint-size 4MiB; }
credentials='-a ${s3Keys.accessKeyId} -s ${s3Keys.secretAccessKey}'
`,
    );
    await using tmux = await startTmux({
      ...{ columns: 80, rows: 24, cwd: directory.path },
      env: { ...env, ...keys, AWS_REGION: 'us-east-1', ENV: functions },
    });
    const expectScreen = async (screen: string, name: string): Promise<void> =>
      expect(stableScreen(screen)).toMatchFileSnapshot(fixture(name));

    await tmux.type('restore');
    await expectScreen(await tmux.until(stalled), 'restore-80x24');
    expect(await tmux.coloured()).toContain('\u001b[36m ..');
    await tmux.resize(200, 50);
    await expectScreen(await tmux.until(/restore base.*silent for/), 'restore-200x50');

    await tmux.closeTerminal();
    await tmux.openTerminal(80, 24);
    // What was drawn before is reflowed by tmux; what odo draws anew fits.
    await tmux.until(/\n {25}data\.tar\.gz/);
    await tmux.press('C-c');
    const stopped = await tmux.until(/go on with: {2}odo resume \S+\n\$/);
    await expectScreen(stopped.slice(stopped.indexOf('stopping')), 'stopped-80x24');
    const runId = /odo resume (\S+)/.exec(stopped)?.[1] ?? '';

    await tmux.type(
      `unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; odo resume ${runId} --detach $credentials`,
    );
    const detached = await tmux.until(/its log:.*\n\$/);
    await expectScreen(detached, 'detached-80x24');
    const pid = Number(/kill -TERM (\d+)/.exec(detached)?.[1]);
    // Nothing else ends it when the test fails.
    await using _end = { [Symbol.asyncDispose]: () => killDetached(pid) };
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(s3Keys.secretAccessKey);
    // The leader of a session without a terminal.
    expect(await run('ps', ['-o', 'sid=,tty=', '-p', String(pid)])).toMatch(new RegExp(`^${pid} +\\?$`));
    await tmux.type(`odo status --watch ${runId}`);
    await tmux.until(/ \.\. {2}restore base/);
    await tmux.press('C-c');
    await expectScreen(await tmux.until(/goes on in process.*\n.*\n\$/), 'watched-80x24');

    await tmux.killServer();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    source.release();
    source.breakSilence();
    const status = await waitUntil(
      'the run is completed',
      async () => {
        const [found] = (await odo(['status', runId, '--json'], { env })).events;
        return found?.status !== 'running' && found;
      },
      { deadlineMs: 120_000 },
    );
    const log = await readFile(join(state, 'odo', `${runId}.log`), 'utf8');
    expect(status, log).toMatchObject({ status: 'completed' });
    expect(log).toContain(`Run ${runId} is completed`);
    const watched = await odo(['status', '--watch', runId], { env });
    expect(watched).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`Run ${runId} is completed`),
    });

    // What is refused goes on nowhere, and leaves nothing.
    const again = ['start', '-u', source.backup.url, '-e', source.endpoint, '--data-dir', data, '--detach'];
    const refused = await odo(again, { env: { ...env, ...keys, AWS_REGION: 'us-east-1' } });
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('--yes') });
    const left = await readdir(join(state, 'odo'));
    expect(left.filter((name) => name.endsWith('.log'))).toEqual([`${runId}.log`]);
    for (const name of left)
      expect(await readFile(join(state, 'odo', name), 'latin1'), name).not.toContain(s3Keys.secretAccessKey);
  });
});

async function killDetached(pid: number): Promise<void> {
  const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (title.startsWith('odo (detached)')) process.kill(pid, 'SIGKILL');
}
