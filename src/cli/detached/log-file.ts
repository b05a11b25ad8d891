import { fchmodSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OdoError } from '../../errors/odo-error.ts';

/** Where a process without a terminal writes: beside the journal, for its user alone. */
export interface LogFile {
  readonly path: string;
  /** Named after its run; before that it says nothing that was not told on the terminal. */
  readonly isOfRun: boolean;
}

/** `runId`: null as long as the run has no id. The caller closes the descriptor. */
export function openLog(journalFile: string, runId: string | null): { log: LogFile; descriptor: number } {
  const path = join(dirname(journalFile), `${runId ?? `detached-${process.pid}`}.log`);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(path, 'a', 0o600);
    fchmodSync(descriptor, 0o600);
    return { log: { path, isOfRun: runId !== null }, descriptor };
  } catch (cause) {
    throw new OdoError('JOURNAL_FAILED', `The log ${path} of the run cannot be written.`, {
      hint: 'It lies beside the journal; --journal FILE names another one.',
      cause,
    });
  }
}

export function nameAfterRun(log: LogFile, runId: string): LogFile {
  if (log.isOfRun) return log;
  const path = join(dirname(log.path), `${runId}.log`);
  renameSync(log.path, path);
  return { path, isOfRun: true };
}

/** The run has come to nothing that happened without a terminal. */
export function dropDraft({ path, isOfRun }: LogFile): void {
  if (!isOfRun) rmSync(path, { force: true });
}
