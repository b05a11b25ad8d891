import { symptomOf } from './log-symptoms.ts';
import type { Symptom } from './symptoms/symptom.ts';

/** What a log says about a failure. Plain JSON, part of an error's details. */
export interface LogDiagnosis {
  /** The message that ended the server, in its own words; null when the log holds none. */
  readonly says: string | null;
  /** Id of the known message; null when odo does not know it. */
  readonly symptom: string | null;
  /** An earlier message that explains it: its id and its own words. */
  readonly because: { readonly symptom: string; readonly says: string } | null;
  readonly cause: string | null;
  readonly consequence: string | null;
  readonly advice: string | null;
  /** What the server itself recommends and should not be done. */
  readonly notTheHint: string | null;
}

export type Circumstance = NonNullable<Symptom['fineWhen']>;

interface Finding {
  readonly line: string;
  readonly symptom: Symptom;
}

const fatalLine = /\b(?:FATAL|PANIC): {1,2}/;
const otherSeverity = /\b(?:LOG|WARNING|NOTICE|INFO|ERROR|DEBUG\d?|DETAIL|HINT|CONTEXT|STATEMENT): {1,2}/;

/** Said to clients while it starts or ends, and by processes that are told to end: never why. */
const noise =
  /the database system is (?:starting up|shutting down|in recovery mode|not (?:yet )?accepting connections)|terminating .* due to/;

/** Of one connection: the server itself is well. */
const ofConnection: readonly string[] = ['superuser-has-another-name', 'login-refused', 'locale-missing'];

/** A message without time, process and severity. */
export const wordsOf = (line: string): string =>
  line.replace(/^.*?\b(?:FATAL|PANIC|LOG|WARNING|NOTICE|INFO|ERROR|DETAIL|HINT|CONTEXT): {1,2}/, '').trim();

/**
 * What went wrong, from the last lines of a server's log. The last FATAL is the reason; where it says only that
 * something ended (WAL, the reading of the configuration), the line that says why is the cause. What is `fine` under
 * the circumstances is no finding.
 */
export function diagnose(lines: readonly string[], circumstances: readonly Circumstance[]): LogDiagnosis {
  const findings = lines.flatMap((line): Finding[] => {
    const symptom = symptomOf(line);
    return symptom === null || noise.test(line) ? [] : [{ line, symptom }];
  });
  const isFine = ({ symptom }: Finding): boolean =>
    symptom.fineWhen !== undefined && circumstances.includes(symptom.fineWhen);
  const ranked = findings
    .filter((finding) => !isFine(finding))
    .map((finding, index) => ({ finding, rank: rankOf(finding), index }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank || b.index - a.index);
  const fatal = lines.findLast((line) => fatalLine.test(line) && !noise.test(line));
  // Beside a FATAL that odo does not know, whatever else it knows is not the reason.
  const isUnknown = fatal !== undefined && symptomOf(fatal) === null;
  const reason = ranked.find(({ rank }) => !isUnknown || rank >= 3)?.finding ?? null;
  const because = reason === null ? null : explanationOf(reason, findings);
  const source = because?.symptom ?? reason?.symptom;
  const said = reason?.line ?? fatal;
  return {
    says: said === undefined ? null : wordsOf(said),
    symptom: reason?.symptom.id ?? null,
    because: because === null ? null : { symptom: because.symptom.id, says: wordsOf(because.line) },
    cause: source?.cause ?? null,
    consequence: reason?.symptom.consequence ?? null,
    advice: source?.advice ?? null,
    notTheHint: reason?.symptom.notTheHint ?? null,
  };
}

/** 0: no reason to fail, only the answer to another line's question, which was not asked. */
function rankOf({ line, symptom }: Finding): number {
  if (ofConnection.includes(symptom.id)) return 1;
  if (fatalLine.test(line)) return 4;
  // An image's entry point, or a server that does not come as far as its log.
  if (!otherSeverity.test(line)) return 3;
  if (symptom.fineWhen === 'end-of-wal') return 0;
  return 2;
}

/** The last line that answers; that WAL ended at some place is the weakest answer of all. */
function explanationOf({ symptom: { asks } }: Finding, findings: readonly Finding[]): Finding | null {
  if (asks === undefined) return null;
  const answers = findings.filter(({ symptom }) => symptom.answers === asks);
  return answers.findLast(({ symptom }) => symptom.id !== 'wal-ends-here') ?? answers.at(-1) ?? null;
}

/** A message after which the server goes on with something wrong; null for all others. */
export function troubleIn(line: string): Symptom | null {
  const symptom = symptomOf(line);
  return symptom?.goesOn === true && !fatalLine.test(line) ? symptom : null;
}

/** What to do, and what not. */
export function adviceOf({ advice, notTheHint }: LogDiagnosis): string | null {
  return advice === null ? null : [advice, notTheHint].filter((text) => text !== null).join(' ');
}
