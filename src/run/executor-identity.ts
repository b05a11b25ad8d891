import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ExecutorIdentity } from '../journal/executor-identity.ts';
import type { RunRecord } from '../journal/runs.ts';
import { currentBootId } from '../target/boot-id.ts';
import { parseProcessStat } from '../target/process-stat.ts';
import { currentContainerId } from './container-id.ts';

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return fallback;
  }
}

function processStart(pid: number): string | null {
  return parseProcessStat(readOr(`/proc/${pid}/stat`, ''))?.start ?? null;
}

/** `pid:[4026531836]` */
function currentPidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

export function currentExecutor(): ExecutorIdentity {
  return {
    host: hostname(),
    bootId: currentBootId() ?? 'unknown',
    pid: process.pid,
    processStart: processStart(process.pid) ?? 'unknown',
    pidNamespace: currentPidNamespace(),
    containerId: currentContainerId(),
  };
}

/** What can be said from here about the process that holds a run. */
export type HolderState = 'alive' | 'gone' | 'unknown';

/**
 * Another host cannot be judged from here, and neither can another container, which has its own pids: containers may
 * have a host name in common, with each other or with the machine. A container that was started again has its former
 * id, and new pids; what ran in it before is gone.
 */
export function stateOfHolder(
  holder: ExecutorIdentity,
  me = currentExecutor(),
  startOf: (pid: number) => string | null = processStart,
): HolderState {
  if (holder.host !== me.host || holder.bootId === 'unknown') return 'unknown';
  if (holder.bootId !== me.bootId) return 'gone';
  const sharesPids = holder.pidNamespace === undefined || holder.pidNamespace === me.pidNamespace;
  if (sharesPids) return startOf(holder.pid) === holder.processStart ? 'alive' : 'gone';
  return holder.containerId != null && holder.containerId === me.containerId ? 'gone' : 'unknown';
}

/** An odo holds the run, and is not known to be gone. */
export const isWorkedOn = ({ lease }: Pick<RunRecord, 'lease'>): boolean =>
  lease !== null && lease.expiresAtMs > Date.now() && !isGone(lease.executor);

/** True only when the holder is gone for certain. */
export const isGone = (holder: ExecutorIdentity): boolean => stateOfHolder(holder) === 'gone';
