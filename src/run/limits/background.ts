import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { execa } from 'execa';

/** The weakest there is (nice(2)). */
const lowestPriority = 19;

/** Threads come and go with the work; a new one yields at the latest this much later. @unit ms */
const lookEveryMs = 1000;

/**
 * Makes the data plane yield to everything else on the host: idle I/O class and the weakest CPU priority for every
 * thread of this process but the main one, also for those that start later.
 *
 * The main thread keeps its priority on purpose. What it starts inherits it: a PostgreSQL server of this host would
 * stay the weakest process for its whole life, because only root can raise a priority again. And it renews the run's
 * lease, which a busy host must not starve. Its own work is bounded by what the other threads hand to it.
 * Where threads have no priorities of their own (macOS) the whole process yields.
 *
 * How much it helps is the kernel's choice: see docs/limits.md.
 *
 * `onTrouble` gets a sentence, once, when the system does not allow something; the run goes on without it.
 */
export async function runInBackground(onTrouble: (sentence: string) => void): Promise<Disposable> {
  let silent = false;
  const tellOnce = (sentence: string) => {
    if (!silent) onTrouble(sentence);
    silent = true;
  };
  if (process.platform !== 'linux') {
    lower(process.pid, tellOnce);
    return { [Symbol.dispose]: () => {} };
  }
  // The pool that does file system calls starts with its first one.
  await stat('/');
  let lowered = new Set<number>();
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      const threads = dataThreads();
      const added = threads.filter((thread) => !lowered.has(thread));
      lowered = new Set(threads);
      for (const thread of added) {
        lower(thread, tellOnce);
        await makeIdle(thread, tellOnce);
      }
    } catch (error) {
      tellOnce(`odo cannot see its own threads, so they do not yield to others: ${reasonOf(error)}.`);
    } finally {
      busy = false;
    }
  };
  await look();
  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      // A look that is still under way has nobody to tell any more.
      silent = true;
    },
  };
}

/** The main thread's id is the process's. */
const dataThreads = (): number[] =>
  readdirSync('/proc/self/task')
    .map(Number)
    .filter((thread) => thread !== process.pid);

/** On Linux a priority is a thread's, and its id counts as a process's (setpriority(2)). */
function lower(id: number, onTrouble: (sentence: string) => void): void {
  try {
    setPriority(id, lowestPriority);
  } catch (error) {
    const code = systemCodeOf(error);
    // It has ended meanwhile.
    if (code !== 'ESRCH')
      onTrouble(`The system does not let odo lower its CPU priority (${code ?? reasonOf(error)}).`);
  }
}

/** Node has no call for the I/O class; util-linux has a program. One thread each: BusyBox's takes no more. */
async function makeIdle(thread: number, onTrouble: (sentence: string) => void): Promise<void> {
  const result = await execa('ionice', ['-c', '3', '-p', String(thread)], {
    // Not odo's own environment, which may hold credentials.
    extendEnv: false,
    env: { PATH: process.env['PATH'] },
    reject: false,
    stdin: 'ignore',
  });
  if (!result.failed || !dataThreads().includes(thread)) return;
  const reason =
    result.code === 'ENOENT'
      ? 'the program ionice is not installed (Debian: util-linux)'
      : result.stderr.trim().split('\n').at(-1) || result.shortMessage;
  onTrouble(`Files are read and written at normal I/O priority: ${reason}.`);
}

/** Node's own calls tell the code in `info`, not in `code`. */
function systemCodeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('info' in error)) return null;
  const { info } = error;
  return typeof info === 'object' && info !== null && 'code' in info ? String(info.code) : null;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
