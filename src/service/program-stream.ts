import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { keptStderr, type ProgramStream } from '../docker/exec-stream.ts';
import { OdoError } from '../errors/odo-error.ts';
import { identity, type RunAsOptions, serverEnvironment } from './run-as.ts';

/** Starts a program of this host whose output is read while it runs. @throws STEP_FAILED when there is none */
export async function streamProgram(
  program: string,
  args: readonly string[],
  { owner, signal, environment }: Omit<RunAsOptions, 'stdin'>,
): Promise<ProgramStream> {
  signal?.throwIfAborted();
  const child = spawn(program, [...args], {
    ...identity(owner),
    cwd: '/',
    env: { ...serverEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-keptStderr);
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  try {
    await once(child, 'spawn');
  } catch (cause) {
    ended.catch(() => {});
    throw new OdoError('STEP_FAILED', `${program} could not be run: ${String(cause)}`, { cause });
  }
  return {
    output: child.stdout,
    async result() {
      const [exitCode] = await ended;
      return { exitCode: exitCode ?? 255, stderr };
    },
    async stop() {
      child.kill('SIGTERM');
      child.stdout.destroy();
      await ended;
    },
  };
}
