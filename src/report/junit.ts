import { environmentFacts, type NamedValue, runFacts, stopLines, tookMs } from './facts.ts';
import { amountRows, objectiveRows } from './measure-rows.ts';
import type { ProofItem, RunReport } from './run-report.ts';
import { printable } from './text.ts';
import { levelWords, subjectOf, verdictWords } from './words.ts';

/** One `<testcase>` before it is XML. */
interface TestCase {
  readonly name: string;
  /** After `odo.restore.` or `odo.drill.`: `amcheck`, so that CI groups what belongs together. */
  readonly group: string;
  readonly durationMs: number | null;
  readonly result: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message: string;
  readonly details: readonly string[];
}

/**
 * JUnit XML for CI: a suite with a case for each proof, and one for the run itself, which holds what no proof says. It
 * is valid by the schema of Ant, the strictest in use (all elements, in its order), and by Jenkins'.
 */
export const reportJunit = (report: RunReport): string => junitDocument([junitSuite(report, 0)]);

export const junitDocument = (suites: readonly string[]): string =>
  `${['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>'].join('\n')}\n`;

/** `id` counts the suites of one document. */
export function junitSuite(report: RunReport, id: number): string {
  return suite({
    id,
    name: subjectOf(report),
    group: `odo.${report.kind}`,
    startedAt: report.startedAt,
    host: report.environment.host,
    durationMs: tookMs(report),
    properties: properties(report),
    cases: [...report.proofs.map(proofCase), runCase(report)],
    out: report.events.map(eventLine),
    err: report.findings.map((found) => found.message),
  });
}

/** Of a drill that never became a run. */
export function suiteWithoutRun(
  { database, reason, startedAt }: { database: string; reason: string | null; startedAt: string },
  id: number,
): string {
  const message = reason ?? 'It was not begun.';
  const cases: TestCase[] = [
    { name: 'The run [run]', group: 'run', durationMs: null, result: 'error', message, details: [] },
  ];
  const name = `Recovery drill of ${database}`;
  const nothing = { host: '', durationMs: null, properties: [], out: [], err: [message] };
  return suite({ id, name, group: 'odo.drill', startedAt, cases, ...nothing });
}

function suite(one: {
  readonly id: number;
  readonly name: string;
  readonly group: string;
  readonly startedAt: string;
  readonly host: string;
  readonly durationMs: number | null;
  readonly properties: readonly NamedValue[];
  readonly cases: readonly TestCase[];
  readonly out: readonly string[];
  readonly err: readonly string[];
}): string {
  const count = (result: TestCase['result']): string =>
    String(one.cases.filter((test) => test.result === result).length);
  const head = attributes({
    name: one.name,
    package: one.group,
    id: String(one.id),
    // The schema wants no zone; it is UTC like all times of a report.
    timestamp: new Date(one.startedAt).toISOString().slice(0, 19),
    hostname: one.host || 'localhost',
    tests: String(one.cases.length),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: seconds(one.durationMs),
  });
  return [
    `  <testsuite${head}>`,
    '    <properties>',
    ...one.properties.map(({ name, value }) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
    ...one.cases.map((test) => testCase(test, `${one.group}.${test.group}`)),
    `    <system-out>${text(one.out.join('\n'))}</system-out>`,
    `    <system-err>${text(one.err.join('\n'))}</system-err>`,
    '  </testsuite>',
  ].join('\n');
}

function proofCase(proof: ProofItem): TestCase {
  const results = {
    passed: 'passed',
    failed: 'failure',
    skipped: 'skipped',
    'not-reached': 'skipped',
  } as const;
  return {
    name: `${proof.title} [${proof.id}]`,
    group: proof.id.split(':')[0] ?? proof.id,
    durationMs: proof.durationMs,
    result: results[proof.outcome],
    message: proof.outcome === 'not-reached' ? `Not reached: ${proof.summary}` : proof.summary,
    details: proof.details,
  };
}

/** Of an unfinished run it is an error: a pipeline must not take it for proved, although no proof failed. */
function runCase(report: RunReport): TestCase {
  const failedProofs = new Set(
    report.proofs.filter((proof) => proof.outcome === 'failed').map((proof) => proof.id),
  );
  const others = report.findings.filter((found) => !failedProofs.has(found.about));
  return {
    name: 'The run [run]',
    group: 'run',
    durationMs: tookMs(report),
    result:
      report.verdict === 'unfinished'
        ? 'error'
        : others.length > 0 || isUnexplained(report)
          ? 'failure'
          : 'passed',
    message: others[0]?.message ?? report.headline,
    details: [
      ...others.slice(1).map((found) => found.message),
      ...stopLines(report),
      ...(report.next === null ? [] : [`Next: ${report.next}`]),
    ],
  };
}

/** Failed, but neither by a proof nor by a finding. */
const isUnexplained = (report: RunReport): boolean =>
  report.verdict === 'failed' && !report.proofs.some((proof) => proof.outcome === 'failed');

function testCase(test: TestCase, classname: string): string {
  const open = `    <testcase${attributes({ name: test.name, classname, time: seconds(test.durationMs) })}`;
  if (test.result === 'passed') return `${open}/>`;
  const type =
    test.result === 'skipped' ? {} : { type: test.result === 'failure' ? 'disproved' : 'unfinished' };
  const inner = attributes({ message: test.message, ...type });
  const body = text([test.message, ...test.details].join('\n'));
  return `${open}>\n      <${test.result}${inner}>${body}</${test.result}>\n    </testcase>`;
}

function properties(report: RunReport): NamedValue[] {
  return [
    { name: 'Verdict', value: verdictWords[report.verdict] },
    ...runFacts(report),
    ...[...objectiveRows(report), ...amountRows(report)].map(({ name, value, limit }) => ({
      name,
      value: limit === null ? value : `${value} (limit ${limit.text})`,
    })),
    ...environmentFacts(report),
  ];
}

const eventLine = ({ at, level, message }: RunReport['events'][number]): string =>
  `${at} ${levelWords[level]}: ${message}`;

const seconds = (ms: number | null): string => (Math.max(0, ms ?? 0) / 1000).toFixed(3);

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // As they are, a parser makes spaces of them in an attribute.
  '\n': '&#10;',
  '\t': '&#9;',
};

const text = (value: string): string =>
  printable(value).replace(/[&<>]/g, (found) => entities[found] ?? found);

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        ` ${name}="${printable(value).replace(/[&<>"\n\t]/g, (found) => entities[found] ?? found)}"`,
    )
    .join('');
}
