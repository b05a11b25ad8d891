import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { labPath } from './lab-dir.ts';

/** One process of this machine at a time. The lock is a child's, which ends with its parent however that ends. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const file = join(labPath('locks'), name);
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => Promise.reject(new Error(`flock ${file} failed`))),
  ]);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
