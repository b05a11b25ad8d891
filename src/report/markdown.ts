import { environmentFacts, knownDuration, type NamedValue, runFacts, stopLines, tookOf } from './facts.ts';
import { amountRows, type MeasureRow, objectiveRows } from './measure-rows.ts';
import { phaseColumns, phaseRows } from './phase-rows.ts';
import type { RunReport } from './run-report.ts';
import { formatTime, printable } from './text.ts';
import { countedOutcomes, levelWords, outcomeWords, subjectOf, verdictWords } from './words.ts';

/** Markdown as GitHub and GitLab draw it, for a pull request, a wiki or a chat: the verdict first. */
export function reportMarkdown(report: RunReport): string {
  const sections = [
    `# ${verdictWords[report.verdict]}: ${inline(subjectOf(report))}`,
    inline(report.headline),
    section(
      'Findings',
      bullets(report.findings.map((found) => `**${inline(found.about)}**: ${inline(found.message)}`)),
    ),
    section('What stopped it', bullets(stopLines(report).map(inline))),
    section('What goes on with it', report.next === null ? '' : fenced(report.next)),
    section('Run', facts(runFacts(report))),
    section('Measures', measures(report)),
    section('Proofs', proofs(report)),
    section('Phases', phases(report)),
    section('Earlier drills', trend(report)),
    section('Plan', plan(report)),
    section(
      'Events',
      bullets(
        report.events.map(
          (event) => `${formatTime(event.at)} ${levelWords[event.level]}: ${inline(event.message)}`,
        ),
      ),
    ),
    section('Environment', facts(environmentFacts(report))),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

const section = (title: string, body: string): string => (body === '' ? '' : `## ${title}\n\n${body}`);

/** Items are Markdown already; empty ones are left out. */
const bullets = (items: readonly string[]): string =>
  items
    .filter((item) => item !== '')
    .map((item) => `- ${item}`)
    .join('\n');

const facts = (rows: readonly NamedValue[]): string =>
  table(
    ['', ''],
    rows.map(({ name, value }) => [name, value]),
  );

function measures(report: RunReport): string {
  const limit = ({ limit }: MeasureRow): string =>
    limit === null ? '' : limit.kept === 'unknown' ? limit.text : `${limit.text}, ${limit.kept}`;
  const rows = [...objectiveRows(report), ...amountRows(report)];
  return [
    table(
      ['Measure', 'Value', 'Limit', 'Meaning'],
      rows.map((row) => [row.name, row.value, limit(row), row.note]),
    ),
    bullets(report.measures.regressions.map((found) => inline(found.message))),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function proofs({ proofs }: RunReport): string {
  if (proofs.length === 0) return '';
  const rows = table(
    ['Result', 'Proof', 'Found', 'Took'],
    proofs.map((proof) => [
      proof.outcome === 'failed' ? 'FAILED' : outcomeWords[proof.outcome],
      proof.title,
      proof.summary,
      tookOf(proof),
    ]),
  );
  const details = proofs
    .filter((proof) => proof.outcome === 'failed' && proof.details.length > 0)
    .map((proof) => `### ${inline(proof.title)}\n\n${bullets(proof.details.map(inline))}`);
  return [`${countedOutcomes(proofs)}.`, rows, ...details].join('\n\n');
}

const phases = ({ phases }: RunReport): string =>
  table(
    phaseColumns.map(({ title }) => title),
    phaseRows(phases),
  );

const trend = ({ trend, runId }: RunReport): string =>
  table(
    ['Drill', 'Began', 'Verdict', 'RTO', 'RPO'],
    trend.map((point) => [
      point.runId === runId ? `${point.runId} (this one)` : point.runId,
      formatTime(point.startedAt),
      verdictWords[point.verdict],
      knownDuration(point.rtoMs),
      knownDuration(point.rpoMs),
    ]),
  );

const plan = ({ plan, planDigest }: RunReport): string =>
  [
    ...plan.map(({ title, rows }) => `### ${inline(title)}\n\n${facts(rows)}`.trimEnd()),
    planDigest === null ? '' : `SHA-256 of the plan: ${inline(planDigest)}`,
  ]
    .filter((text) => text !== '')
    .join('\n\n');

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((cells) => line(cells.map(inline)))].join(
    '\n',
  );
}

/** Text that Markdown takes for nothing but text, on one line. */
export function inline(text: string): string {
  return (
    printable(text)
      .replace(/[&<>]/g, (found) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[found] ?? found)
      .replace(/[\\`*_[\]|~#!$]/g, '\\$&')
      // What begins a list, a heading or a line under one, where the text begins its line.
      .replace(/^(\s*)([-+=])/, '$1\\$2')
      .replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2')
      .replaceAll('\t', ' ')
      .replaceAll('\n', '<br>')
  );
}

/** A code block with a fence that the text cannot close. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${printable(text)}\n${fence}`;
}
