/** docs/proof.md, made of the records of test/proof. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../../src/report/units.ts';
import { type ProofPart, proofParts } from '../../test/proof/parts.ts';
import { type ProofRecord, type ProofTable, recordDirectory } from '../../test/support/proof.ts';

const file = join(import.meta.dirname, '../../docs/proof.md');

const intro = `# Proof: killed at every point, failed at every call, fed every lie

<!-- Written by npm run prove: run it again, do not change this page. -->

What odo promises, and what was tried to break it. Every case is a test: one that ends otherwise than it must fails the run,
and this page is written of runs without a failure only; a part that is missing was not run whole yet. Run it yourself, as root on Debian 12: \`npm run prove\`, or one part
of it, \`npm run prove -- crash-matrix\`. \`npm test\` tries a few cases of each part, and \`.ci/run\` every case of some, in
turn from day to day. What odo does to keep the promises is in
[durability.md](durability.md).`;

/** The page after the chosen parts have been run: theirs are new, those of the others stay. */
export function writeProofPage(chosen: readonly ProofPart[]): string {
  const earlier = readSections();
  const records = readRecords();
  const missing = chosen.filter((part) => !records.some((record) => record.part === part));
  if (missing.length > 0) throw new Error(`There is no record of ${missing.join(', ')}.`);
  const sections = (Object.keys(proofParts) as ProofPart[]).flatMap((part) => {
    const own = records.filter((record) => record.part === part);
    const text = chosen.includes(part) ? sectionText(part, own) : earlier.get(proofParts[part].title);
    return text === undefined ? [] : [text];
  });
  writeFileSync(file, `${[intro, summaryOf(sections), ...sections].join('\n\n')}\n`);
  return file;
}

function readRecords(): ProofRecord[] {
  if (!existsSync(recordDirectory)) return [];
  return readdirSync(recordDirectory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(recordDirectory, name), 'utf8')) as ProofRecord);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const number = (value: number | string): string =>
  typeof value === 'number' ? value.toLocaleString('en-US') : value;

function sectionText(part: ProofPart, records: readonly ProofRecord[]): string {
  const { title, about } = proofParts[part];
  const tried = sum(records.map((record) => record.tried));
  const lost = tried - sum(records.map((record) => record.held));
  const seconds = sum(records.map((record) => record.seconds));
  const facts: [string, string][] = [
    ['cases', number(tried)],
    ['lost', number(lost)],
    ...records.flatMap(({ figures }) =>
      figures.map(([what, value]) => [what, number(value)] as [string, string]),
    ),
    ['took', `${number(seconds)} s`],
    ['run', `${new Date().toISOString().slice(0, 10)}, ${machine()}`],
  ];
  return [
    `## ${title}`,
    about,
    table({ head: ['', ''], rows: facts }),
    ...records.flatMap(({ tables }) => tables.map(table)),
  ].join('\n\n');
}

const machine = (): string =>
  `${cpus().length} cores, ${formatBytes(totalmem())} of memory, Linux ${release().split('-')[0]}`;

function table({ head, rows }: ProofTable): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What a part took when the page was written; null: it is not in it. */
export function lastSeconds(part: ProofPart): number | null {
  const text = readSections().get(proofParts[part].title);
  const seconds = text === undefined ? undefined : /^\| took \| ([\d,]+) s \|$/m.exec(text)?.[1];
  return seconds === undefined ? null : Number(seconds.replaceAll(',', ''));
}

/** Sections of the page by their titles. */
function readSections(): Map<string, string> {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const sections = page.split(/\n(?=## )/).slice(1);
  return new Map(sections.map((text) => [text.split('\n')[0]?.slice(3) ?? '', text.trim()]));
}

function summaryOf(sections: readonly string[]): string {
  const rows = sections.map((text) => {
    const title = text.split('\n')[0]?.slice(3) ?? '';
    const fact = (name: string) => new RegExp(`^\\| ${name} \\| (.*) \\|$`, 'm').exec(text)?.[1] ?? '';
    return [title, fact('cases'), fact('lost')];
  });
  return table({ head: ['', 'cases', 'lost'], rows });
}
