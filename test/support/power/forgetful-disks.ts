import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Cut } from './recorded-disk.ts';

export interface DiskQuestion {
  readonly id: number;
  readonly mount?: { readonly disk: number; readonly cut?: Cut; readonly at: string };
}

export interface DiskAnswer {
  readonly id: number;
  readonly error: string | null;
  readonly position: number;
  readonly flushes: readonly (readonly number[])[];
}

/** Disks of one machine that forget at a power cut what was not flushed. */
export interface ForgetfulDisks extends AsyncDisposable {
  /** How many writes and flushes there were on all disks until now, and at which of them each disk was flushed. */
  record(): Promise<Pick<DiskAnswer, 'position' | 'flushes'>>;
  /**
   * Mounts a disk as the file `at`: itself, or as it is when the power comes back after a cut. In the latter case what
   * is written to it is gone when it is unmounted.
   */
  mount(disk: number, at: string, cut?: Cut): Promise<void>;
}

export async function startForgetfulDisks(sizesBytes: readonly number[]): Promise<ForgetfulDisks> {
  const child = fork(join(import.meta.dirname, 'disk-process.ts'), sizesBytes.map(String), {
    execArgv: [],
    // Each mounted disk waits for the kernel on a thread.
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  });
  const ended = once(child, 'exit');
  const waiting = new Map<number, (answer: DiskAnswer) => void>();
  child.on('message', (answer: DiskAnswer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let asked = 0;
  const ask = async (question: Omit<DiskQuestion, 'id'>): Promise<DiskAnswer> => {
    const id = ++asked;
    const answered = new Promise<DiskAnswer>((resolve) => waiting.set(id, resolve));
    child.send({ id, ...question } satisfies DiskQuestion);
    const gone = ended.then(() => Promise.reject(new Error('The process of the disks has ended.')));
    const answer = await Promise.race([answered, gone]);
    if (answer.error !== null) throw new Error(answer.error);
    return answer;
  };
  return {
    record: () => ask({}),
    mount: async (disk, at, cut) => void (await ask({ mount: { disk, at, ...(cut && { cut }) } })),
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await ended;
    },
  };
}
