import { readdirSync, readFileSync } from 'node:fs';

export interface MemoryWatch extends Disposable {
  /** The most that the process itself ever held, by the kernel's own account. @unit bytes */
  readonly peakBytes: number;
  /** The most that it and all its descendants held at one look. @unit bytes */
  readonly peakOfTreeBytes: number;
}

const everyMs = 50;

const statusOf = (pid: number, field: 'VmHWM' | 'VmRSS' | 'PPid'): number => {
  try {
    const [, value] =
      new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(value ?? 0) * (field === 'PPid' ? 1 : 1024);
  } catch {
    return 0;
  }
};

/** What a process holds now; 0 when it is gone. @unit bytes */
export const residentBytes = (pid: number): number => statusOf(pid, 'VmRSS');

function descendantsOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), statusOf(Number(name), 'PPid')] as const);
  const found = [pid];
  for (const parent of found) for (const [child, of] of parents) if (of === parent) found.push(child);
  return found;
}

/** Looks at a process's memory until it is disposed of. */
export function watchMemory(pid: number): MemoryWatch {
  let peakBytes = 0;
  let peakOfTreeBytes = 0;
  let looks = 0;
  let tree = [pid];
  const look = () => {
    // Who belongs to whom takes longer to find out than what they hold.
    if (looks++ % 20 === 0) tree = descendantsOf(pid);
    peakBytes = Math.max(peakBytes, statusOf(pid, 'VmHWM'));
    peakOfTreeBytes = Math.max(
      peakOfTreeBytes,
      tree.reduce((sum, one) => sum + residentBytes(one), 0),
    );
  };
  const timer = setInterval(look, everyMs);
  look();
  return {
    get peakBytes() {
      return peakBytes;
    },
    get peakOfTreeBytes() {
      return peakOfTreeBytes;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

export const inMB = (bytes: number): number => Math.round(bytes / 1e6);
