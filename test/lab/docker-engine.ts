import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labPath } from './lab-dir.ts';
import { succeeds } from './run-command.ts';
import { say } from './say.ts';
import { waitUntil } from './wait-until.ts';

export function engineAnswers(): Promise<boolean> {
  return succeeds('docker', ['version', '--format', '{{.Server.Version}}']);
}

/** Starts `dockerd` detached (it outlives the tests) unless an engine answers already. */
export async function startEngine(): Promise<void> {
  if (await engineAnswers()) return;
  const log = join(labPath(), 'dockerd.log');
  say(`starting dockerd (log: ${log})`);
  const out = openSync(log, 'a');
  // In `/`, so that it holds no directory of a test. PATH: containerd and iptables live in sbin.
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
  const engine = spawn('dockerd', [], { detached: true, cwd: '/', stdio: ['ignore', out, out], env });
  engine.unref();
  try {
    await waitUntil('the Docker engine answers', engineAnswers, { deadlineMs: 90_000, everyMs: 300 });
  } catch (error) {
    const tail = (await readFile(log, 'utf8')).slice(-2000);
    throw new Error(`No Docker engine could be started:\n${tail}`, { cause: error });
  }
}
