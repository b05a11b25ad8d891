/** `npm run bench`: odo against the tools people use, on the same backups; see --help. */
import { join } from 'node:path';
import { run } from '../../test/lab/run-command.ts';
import { makeBackups } from './backups.ts';
import { judge } from './claims.ts';
import { removeLeftovers, removeProbes } from './disk.ts';
import { helpText, parseOptions } from './options.ts';
import { writePage } from './page.ts';
import { chooseContenders, parts } from './parts.ts';
import { installPrograms } from './programs.ts';
import { type CaseReport, runRounds } from './rounds.ts';
import { caseSummary, claimTable, contenderTable, noteLines } from './tables.ts';

function listParts(): void {
  for (const { name, about, contenders = [] } of parts) {
    console.log(`${name.padEnd(12)} ${about}`);
    for (const contender of contenders) console.log(`  ${contender.name.padEnd(22)} ${contender.title}`);
  }
}

function print(report: CaseReport): void {
  console.log(`\n${report.backups.title}\n${caseSummary(report)}\n`);
  console.log(`${contenderTable(report)}\n\n${claimTable(judge(report))}\n`);
  console.log(noteLines(report).join('\n'));
}

async function bench(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.show === 'help') return void process.stdout.write(helpText);
  if (options.show === 'list') return listParts();
  for (const part of options.parts) await part.run?.(options);
  const contenders = chooseContenders(options.parts, options.peers);
  if (contenders.length === 0) return;

  await installPrograms();
  await run(process.execPath, [join(import.meta.dirname, '../build.ts')]);
  await removeLeftovers();
  const reports: CaseReport[] = [];
  // All backups first: making one deletes much, and heats the disk.
  const backups = [];
  for (const name of options.cases) backups.push(await makeBackups(name, options.sizeBytes));
  for (const one of backups) {
    const report = await runRounds(one, contenders, options.rounds);
    print(report);
    reports.push(report);
  }
  await removeProbes();
  if (options.write) console.log(`\nwritten: ${await writePage(reports)}`);
}

// Servers end in handlers of `exit`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await bench();
