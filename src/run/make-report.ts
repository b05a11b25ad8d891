import { type JournalDatabase, openJournalForReading } from '../journal/open.ts';
import { targetText } from '../postgres/recovery-target.ts';
import type {
  Finding,
  Measures,
  ProofItem,
  ReportedSource,
  RunReport,
  Verdict,
} from '../report/run-report.ts';
import { environmentOf } from './report/environment.ts';
import { foundErrors } from './report/found-errors.ts';
import { limitItems } from './report/limit-items.ts';
import { type MeasuredRun, measureRun } from './report/measured-run.ts';
import { type Comparison, compareWithPast, trendOf } from './report/past-drills.ts';
import { phaseSpans, type WorkedSpan, workedSpans } from './report/phase-spans.ts';
import { planSections } from './report/plan-sections.ts';
import { proofItems } from './report/proof-items.ts';
import { countInterruptions, reportedEvents } from './report/reported-events.ts';
import { gatherRunFacts, type RunFacts } from './report/run-facts.ts';
import { findingsOf, headlineOf, verdictFrom } from './report/verdict.ts';
import { readStatus, unknownRun } from './status.ts';

/**
 * Everything that is said about a run, from the journal alone: of every run, wherever it stands, and the same whenever it
 * is asked once the run has ended. @throws RUN_NOT_FOUND
 */
export function makeReport(journalFile: string, runId: string): RunReport {
  const status = readStatus(journalFile, runId);
  const database = openJournalForReading(journalFile);
  if (database === null) throw unknownRun(null, runId, journalFile);
  try {
    const facts = gatherRunFacts(database, runId);
    if (facts === null) throw unknownRun(database, runId);
    const { spans, measured, measures, proofs, verdict, findings } = judge(database, facts);
    const { run, request, plan } = facts;
    return {
      version: 1,
      runId,
      kind: facts.isDrill ? 'drill' : 'restore',
      runKey: request.runKey ?? null,
      database: request.drill?.database ?? null,
      verdict,
      headline: headlineOf(facts, verdict, findings, status.status, measured),
      findings,
      status: status.status,
      startedAt: status.startedAt,
      endedAt: status.endedAt,
      error: run.error,
      next: status.next,
      source: sourceOf(facts),
      target: status.target,
      service: plan?.drill?.beside ?? status.service,
      proofs,
      measures,
      phases: phaseSpans(facts, spans),
      samples: facts.samples.map(({ atMs, phase, unit, done, total, lsn }) => ({
        ...{ at: new Date(atMs).toISOString(), phase, unit, done, total, lsn },
      })),
      trend: trendOf(database, facts, measured, verdict),
      events: reportedEvents(facts.events),
      plan: plan === null ? [] : planSections(plan),
      planDigest: plan?.digest ?? null,
      environment: environmentOf(facts),
    };
  } finally {
    database.close();
  }
}

/** What the verdict on a run is made of. */
interface Judgement {
  readonly spans: readonly WorkedSpan[];
  readonly measured: MeasuredRun;
  readonly measures: Measures;
  readonly proofs: readonly ProofItem[];
  readonly verdict: Verdict;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

export function judge(database: JournalDatabase, facts: RunFacts): Judgement {
  const { run, request, attempts } = facts;
  const spans = workedSpans(facts);
  const measured = measureRun(database, { runId: run.id, startedAtMs: run.startedAtMs }, { attempts, spans });
  const limits = request.drill?.limits ?? null;
  const compared: Comparison | null =
    limits?.maxRegression == null || measured.rtoMs === null
      ? null
      : compareWithPast(database, facts, { measured, spans }, limits.maxRegression);
  const measures: Measures = {
    ...measured,
    maxRtoMs: limits?.maxRtoMs ?? null,
    maxRpoMs: limits?.maxRpoMs ?? null,
    interruptions: countInterruptions(facts.events),
    regressions: compared?.regressions ?? [],
  };
  const errors = foundErrors(facts);
  const isProved = facts.outputOf('prove') !== null;
  const proofs = [
    ...proofItems(facts, spans, errors),
    ...(limits === null
      ? []
      : limitItems(measures, { compared: compared?.drills ?? null, limits, isProved })),
  ];
  return {
    ...{ spans, measured, measures, proofs },
    verdict: verdictFrom(facts, proofs),
    findings: findingsOf(proofs, errors),
  };
}

function sourceOf({ request, plan }: RunFacts): ReportedSource {
  const backup = plan?.contents.backup;
  return {
    url: request.source.url,
    endpoint: request.source.endpoint,
    backup: backup?.id ?? null,
    format: backup?.format ?? null,
    backupEndedAt: backup?.finishedAt ?? null,
    systemIdentifier: backup?.systemIdentifier ?? null,
    serverMajor: plan?.serverMajor ?? backup?.serverMajor ?? null,
    recoveryTarget: targetText(request.recovery.target),
  };
}
