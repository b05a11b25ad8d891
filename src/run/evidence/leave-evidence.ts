import { isAbort } from '../../errors/odo-error.ts';
import { toErrorData } from '../../errors/serialize.ts';
import { appendEvent, listEvents } from '../../journal/history.ts';
import { type JournalDatabase, openJournal } from '../../journal/open.ts';
import { findRun, type RunRecord } from '../../journal/runs.ts';
import { drawReport } from '../../report/draw-report.ts';
import { deliveryId, notificationJson } from '../../report/notification.ts';
import { formOfFile } from '../../report/report-form.ts';
import type { RunReport } from '../../report/run-report.ts';
import { type EvidenceRequest, noEvidence } from '../../steps/drill-request.ts';
import { storedRequest } from '../../steps/restore-request.ts';
import { makeReport } from '../make-report.ts';
import type { RunOutcome, RunSurroundings } from '../run-api.ts';
import type { RunEvent } from '../run-events.ts';
import { reportMode, writeEvidenceFile } from './evidence-file.ts';
import { writeMetricsFile } from './metrics-file.ts';
import { notify, originOf } from './notify.ts';

type EvidenceEvent = Extract<RunEvent, { type: 'evidence' }>;
type Surroundings = Pick<RunSurroundings, 'journalFile' | 'notifySecret' | 'onEvent' | 'signal'>;

/** It goes on, or it never was a run. */
const notEnded: readonly RunRecord['status'][] = ['running', 'declined'];

interface Piece {
  readonly kind: EvidenceEvent['kind'];
  readonly where: string;
  readonly leave: () => Promise<void>;
}

/** Works on a run, and leaves what was asked for once it has ended. */
export async function withEvidence(
  surroundings: Surroundings,
  work: () => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const outcome = await work();
  await leaveEvidence(outcome, surroundings);
  return outcome;
}

/**
 * What was asked to be left behind about a run that has ended: its reports, its metrics, a notification. Each of them
 * once for each end of the run, also when odo was killed before it came to it; what cannot be left is told, and changes
 * nothing about how the run ended.
 */
async function leaveEvidence({ runId, status }: RunOutcome, surroundings: Surroundings): Promise<void> {
  const { journalFile, onEvent, signal } = surroundings;
  let database: JournalDatabase | null = null;
  try {
    database = openJournal(journalFile);
    const journal = database;
    const run = findRun(journal, runId);
    if (run === null || notEnded.includes(run.status)) return;
    const asked = storedRequest(run.request).evidence ?? noEvidence;
    const left = evidenceLeft(journal, runId);
    let made: RunReport | null = null;
    const report = (): RunReport => {
      made ??= makeReport(journalFile, runId);
      return made;
    };
    const pieces = piecesOf(asked, report, surroundings).filter(
      ({ kind, where }) => !left.some((event) => event.kind === kind && event.where === where),
    );
    for (const { kind, where, leave } of pieces) {
      const problem = await leave().then(
        () => null,
        (error: unknown) => {
          // Stopped on the way: whoever goes on with the run leaves it.
          if (isAbort(error) || signal.aborted) throw error;
          const { message } = toErrorData(error);
          return kind === 'notification' ? message : `${where} was not written: ${message}.`;
        },
      );
      const event: EvidenceEvent = {
        ...{ at: new Date().toISOString(), runId, type: 'evidence', kind, where, problem },
      };
      // Under no lease: the run has ended, and this changes nothing of it.
      appendEvent(journal, { runId, atMs: Date.parse(event.at), data: JSON.stringify(event) });
      onEvent(event);
    }
  } catch (error) {
    // Without a journal it is not known what was asked for, and that is what the run has failed of.
    if (isAbort(error) || signal.aborted || (database === null && status === 'failed')) return;
    const message = `What was to be left behind about the run is not complete: ${toErrorData(error).message}`;
    onEvent({ at: new Date().toISOString(), runId, type: 'notice', level: 'warning', message });
  } finally {
    database?.close();
  }
}

function piecesOf(
  { reports, metricsFile, notifyUrl }: EvidenceRequest,
  report: () => RunReport,
  { journalFile, notifySecret = null, signal }: Surroundings,
): Piece[] {
  return [
    ...reports.map(
      (file): Piece => ({
        ...{ kind: 'report', where: file },
        leave: async () => writeEvidenceFile(file, drawReport(report(), formOfFile(file)), reportMode),
      }),
    ),
    ...(metricsFile === null
      ? []
      : [
          {
            ...({ kind: 'metrics', where: metricsFile } as const),
            leave: () => writeMetricsFile(journalFile, metricsFile),
          },
        ]),
    ...(notifyUrl === null
      ? []
      : [
          {
            ...({ kind: 'notification', where: originOf(notifyUrl) } as const),
            leave: async () => {
              const told = report();
              const message = { body: notificationJson(told), id: deliveryId(told) };
              await notify({ ...message, url: notifyUrl, secret: notifySecret }, { signal });
            },
          },
        ]),
  ];
}

/** Since somebody worked on the run last. */
function evidenceLeft(database: JournalDatabase, runId: string): EvidenceEvent[] {
  const events = listEvents(database, runId) as RunEvent[];
  const last = events.findLastIndex((event) => event.type === 'run');
  return events.slice(last + 1).filter((event) => event.type === 'evidence');
}
