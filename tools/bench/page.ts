/** docs/benchmarks.md, made of one run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from './claims.ts';
import { machineFacts } from './machine-facts.ts';
import { programVersions } from './programs.ts';
import type { CaseReport } from './rounds.ts';
import { caseSummary, claimTable, contenderTable, markdownTable, noteLines } from './tables.ts';

const file = join(import.meta.dirname, '../../docs/benchmarks.md');

const intro = `# Benchmarks

<!-- Written by npm run bench -- --write: run it again, do not change this page. -->

How long it takes to lay down a base backup, by odo and by other ways to do it. Run it yourself, on a machine with
nothing else to do: \`npm run bench\` (\`--help\`, \`--list\`).

## How it is measured

- One cluster a case, backed up with \`pg_basebackup -Ft -z -X stream\`, \`barman-cloud-backup -z\` and pgBackRest (gzip).
  What is restored by more than one contender is the same object.
- Contenders run in turn, A B C A B C, each into a directory of its own on the same disk, after \`sync\` and with the page
  cache dropped. Deleted trees make ext4 slow for a minute; the bench waits until it is not.
- The store is a small static S3 server of the bench (tools/bench/store-process.ts) on the same machine, for all alike:
  the complete one of the tests computes more than it sends, and would hide differences. It takes no TLS and is as near as
  can be, so a real store is slower for everyone. pgBackRest reads its repository from the local disk, without a store.
- odo’s time runs from the start of its phase restoreBase to the end of seal: archive read, decoded, checked against the
  manifest, written, owned by postgres, on disk. restoreBase alone and the whole process, which also makes checks, fetches
  WAL and recovers the database, are shown beside it. Of all others it is the whole command. odo ends with a database that
  is recovered; no other contender does.
- CPU is user and system time of the whole process tree (/usr/bin/time), for odo with its preliminary checks and its
  part in the recovery; that of the store is shown apart. Peak memory is of the largest process of a tree.
- Durable says whether what was restored survives a power cut when the command returns.
- Killed and resumed: SIGKILL when odo’s progress events say 50 % of the stored bytes; its time is from the start of
  restoreBase to the kill, and from \`odo resume\` on, its start included, to the end of seal. The first new byte is told by
  the first progress event ahead of what the journal called safe after the kill; there are at most five a second.
- In the first round trees are compared with what tar unpacks: every file’s checksum where it is the same archive (of odo’s
  before recovery), number and bytes of files where it is another tool’s backup.
`;

export async function writePage(reports: readonly CaseReport[]): Promise<string> {
  const facts = [
    ['date', new Date().toISOString().slice(0, 10)],
    ...(await machineFacts()),
    ...(await programVersions()),
  ];
  const sections = reports.map((report) =>
    [
      `## ${report.backups.title}`,
      caseSummary(report),
      contenderTable(report),
      claimTable(judge(report)),
      noteLines(report).join('\n'),
    ].join('\n\n'),
  );
  const machine = `## The machine\n\n${markdownTable(['', ''], facts)}`;
  return writeParts([intro, machine, ...sections, ...keptSections()]);
}

/** Of parts that are their own: each is replaced by its own run only. */
const ownTitles = ['Replay of WAL', 'Page checksums', 'A long journal'] as const;

/** Puts a part's section among those at the page's end, in the place of its last one. */
export function writeSection(title: (typeof ownTitles)[number], text: string): string {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : `${intro}\n`;
  const [rest = ''] = page.split(ownSection);
  const others = keptSections().filter((section) => !section.startsWith(`## ${title}\n`));
  return writeParts([rest, ...others, `## ${title}`, text]);
}

const ownSection = new RegExp(`\\n(?=## (?:${ownTitles.join('|')})\\n)`);

function keptSections(): string[] {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return page
    .split(ownSection)
    .slice(1)
    .map((section) => section.trim());
}

function writeParts(parts: readonly string[]): string {
  const text = parts.join('\n\n').replace(/\n{3,}/g, '\n\n');
  writeFileSync(file, `${text.trimEnd()}\n`);
  return file;
}
