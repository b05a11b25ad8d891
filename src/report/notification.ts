import type { Finding, RunReport } from './run-report.ts';

/** What a webhook is told: enough to page somebody and to find the report, and never too long for a receiver. */
interface RunNotification {
  readonly type: 'odo.run-ended';
  readonly version: 1;
  /** The same however often it is delivered. */
  readonly id: string;
  readonly runId: string;
  readonly kind: RunReport['kind'];
  readonly runKey: string | null;
  readonly database: string | null;
  readonly source: string;
  readonly backup: string | null;
  readonly status: string;
  readonly verdict: RunReport['verdict'];
  readonly headline: string;
  /** Worst first; `findingsLeftOut` of them are not here. */
  readonly findings: readonly Finding[];
  readonly findingsLeftOut: number;
  /** How many proofs came to each outcome. */
  readonly proofs: Readonly<Record<RunReport['proofs'][number]['outcome'], number>>;
  readonly measures: Omit<RunReport['measures'], 'regressions'>;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly next: string | null;
  readonly host: string;
  readonly odoVersion: string;
}

/** @unit bytes */
export const mostNotificationBytes = 64 * 1024;
const mostFindings = 20;
const mostCharacters = 500;

/** Of what is told about this end of the run. */
export const deliveryId = ({ runId, status, endedAt, startedAt }: RunReport): string =>
  [runId, status, endedAt ?? startedAt].join('.');

/** As JSON of at most `mostNotificationBytes`. */
export function notificationJson(report: RunReport): string {
  for (let findings = mostFindings; ; findings -= 1) {
    const json = JSON.stringify(notificationOf(report, findings));
    if (findings === 0 || Buffer.byteLength(json) <= mostNotificationBytes) return json;
  }
}

function notificationOf(report: RunReport, mostOf: number): RunNotification {
  const { regressions: _, ...measures } = report.measures;
  const count = (outcome: RunReport['proofs'][number]['outcome']): number =>
    report.proofs.filter((proof) => proof.outcome === outcome).length;
  const findings = report.findings
    .slice(0, mostOf)
    .map(({ about, message }) => ({ about: short(about), message: short(message) }));
  return {
    type: 'odo.run-ended',
    version: 1,
    id: deliveryId(report),
    runId: report.runId,
    kind: report.kind,
    runKey: report.runKey,
    database: report.database,
    source: short(report.source.url),
    backup: report.source.backup,
    status: report.status,
    verdict: report.verdict,
    headline: short(report.headline),
    findings,
    findingsLeftOut: report.findings.length - findings.length,
    proofs: {
      passed: count('passed'),
      failed: count('failed'),
      skipped: count('skipped'),
      'not-reached': count('not-reached'),
    },
    measures,
    startedAt: report.startedAt,
    endedAt: report.endedAt,
    next: report.next,
    host: report.environment.host,
    odoVersion: report.environment.odoVersion,
  };
}

const short = (text: string): string =>
  text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters - 1)}…`;
