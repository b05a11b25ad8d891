import type { ProofItem, RunReport } from './run-report.ts';
import { formatTime } from './text.ts';
import { formatBytes, formatDuration } from './units.ts';

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** Leaves out what is not known. */
const known = (rows: readonly { readonly name: string; readonly value: string | null }[]): NamedValue[] =>
  rows.flatMap(({ name, value }) => (value === null || value === '' ? [] : [{ name, value }]));

/** Milliseconds from begin to end; null while it goes on. */
export const tookMs = (span: {
  readonly startedAt: string;
  readonly endedAt: string | null;
}): number | null => (span.endedAt === null ? null : Date.parse(span.endedAt) - Date.parse(span.startedAt));

/** A measure, when there is one. */
export const knownDuration = (ms: number | null): string => (ms === null ? 'unknown' : formatDuration(ms));

/** Short ones to the millisecond: of a query, `0.0 s` would say nothing. */
export const formatTook = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms));

/** Of a proof; empty when nothing was done or nobody measured it. */
export const tookOf = ({ durationMs, outcome }: ProofItem): string =>
  durationMs === null || outcome === 'skipped' || outcome === 'not-reached' ? '' : formatTook(durationMs);

/** Why it stopped, in lines: the code, what a finding has not said yet, the causes, what to do. Empty when it did not. */
export function stopLines({ error, findings }: RunReport): string[] {
  if (error === null) return [];
  const said = findings.some((found) => found.message === error.message);
  return [
    said ? error.code : `${error.code}: ${error.message}`,
    ...error.causes,
    ...(error.hint === undefined ? [] : [error.hint]),
  ];
}

/** What was run, when, from what and to where. */
export function runFacts(report: RunReport): NamedValue[] {
  const { source } = report;
  const took = tookMs(report);
  return known([
    { name: 'Run', value: report.runId },
    { name: 'Run key', value: report.runKey },
    { name: 'Status', value: report.status },
    { name: 'Began', value: formatTime(report.startedAt) },
    { name: 'Ended', value: report.endedAt && formatTime(report.endedAt) },
    { name: 'Took', value: took === null ? null : formatDuration(took) },
    { name: 'Source', value: source.url },
    { name: 'Endpoint', value: source.endpoint },
    { name: 'Backup', value: source.backup },
    { name: 'Format', value: source.format },
    { name: 'Backup ended', value: source.backupEndedAt && formatTime(source.backupEndedAt) },
    { name: 'System identifier', value: source.systemIdentifier },
    { name: 'PostgreSQL', value: source.serverMajor === null ? null : String(source.serverMajor) },
    { name: 'Recovered to', value: source.recoveryTarget },
    { name: 'Target', value: report.target },
    { name: 'Service', value: report.service },
  ]);
}

/** On what it ran. */
export function environmentFacts({ environment }: RunReport): NamedValue[] {
  return known([
    { name: 'odo', value: environment.odoVersion },
    { name: 'Node.js', value: environment.nodeVersion },
    { name: 'Host', value: environment.host },
    { name: 'System', value: environment.system },
    { name: 'Processors', value: String(environment.cpus) },
    { name: 'Memory', value: formatBytes(environment.memoryBytes) },
    { name: 'Server', value: environment.server },
  ]);
}
