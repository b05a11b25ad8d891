import { readFile, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OdoError } from '../errors/odo-error.ts';
import { fsError, isAbsent, systemCode } from '../target/fs-errors.ts';
import { type PostmasterFile, parsePostmasterFile } from './postmaster-file.ts';

export async function readPostmasterFile(dataDirectory: string): Promise<string | null> {
  const path = join(dataDirectory, 'postmaster.pid');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return null;
    throw fsError(error, path);
  }
}

/**
 * The server of this host that runs on a data directory; null when none does. A postmaster.pid that was left behind
 * can name a process that has nothing to do with it, so its program and its working directory, which is the data
 * directory (postmaster.c, ChangeToDataDir), must fit.
 */
export async function livePostmaster(dataDirectory: string): Promise<PostmasterFile | null> {
  const text = await readPostmasterFile(dataDirectory);
  if (text === null) return null;
  // While it starts the file has its first line only, and the pid is what counts here.
  const pid = Number(text.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await isServerOf(pid, dataDirectory))) return null;
  return (
    parsePostmasterFile(text) ?? { pid, port: 0, socketDirectory: null, listenAddress: null, status: null }
  );
}

async function isServerOf(pid: number, dataDirectory: string): Promise<boolean> {
  try {
    const program = (await readlink(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, ''); // upgraded meanwhile
    const isServer = /^(postgres|postmaster|edb-postgres)$/.test(basename(program));
    return isServer && (await readlink(`/proc/${pid}/cwd`)) === (await realpath(dataDirectory));
  } catch (error) {
    // Someone else's process, and this one may not look. To be careful: it is what the file says it is.
    return systemCode(error) === 'EACCES' || systemCode(error) === 'EPERM';
  }
}

/** `fast`: clean shutdown; `immediate`: as a crash (manual, "Shutting Down the Server"). */
export const stopSignals = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** Signals the server of a data directory and waits until it is gone; none is fine. @throws STEP_FAILED */
export async function stopPostmaster(
  dataDirectory: string,
  mode: keyof typeof stopSignals,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const server = await livePostmaster(dataDirectory);
  if (server === null) return;
  signalProcess(server.pid, stopSignals[mode]);
  const until = performance.now() + options.deadlineMs;
  while (await isServerOf(server.pid, dataDirectory)) {
    if (performance.now() > until) {
      throw new OdoError(
        'STEP_FAILED',
        `The PostgreSQL server of ${dataDirectory} (pid ${server.pid}) did not end within ${Math.round(options.deadlineMs / 1000)} s.`,
        {
          hint: 'Look at what it does (ps, its log), end it and resume the run.',
          details: { pid: server.pid },
        },
      );
    }
    await delay(50, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** False when it is gone already. @throws PRECONDITION_FAILED when it is someone else's */
export function signalProcess(pid: number, unixSignal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, unixSignal);
  } catch (cause) {
    if (systemCode(cause) === 'ESRCH') return false;
    throw new OdoError('PRECONDITION_FAILED', `odo may not signal the PostgreSQL server with pid ${pid}.`, {
      hint: 'Run odo as root or as the owner of the data directory.',
      cause,
    });
  }
}
