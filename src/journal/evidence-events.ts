import type { JournalDatabase } from './open.ts';

/** Under no lease: the run has ended, and what was left behind about it changes nothing of it. */
export function appendEvidenceEvent(
  database: JournalDatabase,
  { runId, atMs, data }: { runId: string; atMs: number; data: string },
): void {
  database.prepare('INSERT INTO event (run_id, at_ms, data) VALUES (?, ?, ?)').run(runId, atMs, data);
}
