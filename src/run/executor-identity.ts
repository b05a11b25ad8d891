import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ExecutorIdentity } from '../journal/executor-identity.ts';
import { currentBootId } from '../target/boot-id.ts';

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return fallback;
  }
}

/** Field 22 of /proc/<pid>/stat (proc(5)); the command name before it may contain spaces and parentheses. */
function processStart(pid: number): string | null {
  const stat = readOr(`/proc/${pid}/stat`, '');
  if (stat === '') return null;
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

const currentBoot = (): string => currentBootId() ?? 'unknown';

export function currentExecutor(): ExecutorIdentity {
  return {
    host: hostname(),
    bootId: currentBoot(),
    pid: process.pid,
    processStart: processStart(process.pid) ?? 'unknown',
  };
}

/**
 * True only when the holder is gone for certain: same boot of the same host, and no process with that pid and
 * start time. Another host (or container, which has its own pids and host name) cannot be judged from here.
 */
export function isGone(holder: ExecutorIdentity): boolean {
  if (holder.host !== hostname() || holder.bootId === 'unknown') return false;
  if (holder.bootId !== currentBoot()) return true;
  return processStart(holder.pid) !== holder.processStart;
}
