/**
 * What a journal that has grown for years costs whoever asks it: whole `odo` processes on a journal of 10,000 runs and
 * on one of a single run, in turn. What the program itself takes to start is in both.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../test/lab/run-command.ts';
import { writeLongJournal } from '../../test/support/long-journal.ts';
import { makeBenchDir, say } from './bench-dir.ts';
import { writeSection } from './page.ts';
import { installPrograms } from './programs.ts';
import { median } from './statistics.ts';
import { markdownTable } from './tables.ts';
import { runTimed } from './timed-command.ts';

const runs = 10_000;
/** Of `odo status` on the long journal, the whole process. @unit ms */
const limitMs = 200;

export async function benchJournal(options: { rounds: number; write: boolean }): Promise<void> {
  await installPrograms();
  const root = join(import.meta.dirname, '../..');
  await run(process.execPath, [join(root, 'tools/build.ts')]);
  const directory = makeBenchDir([`journal-${process.pid}`]);
  try {
    const [long, short] = [join(directory, 'long.sqlite'), join(directory, 'short.sqlite')];
    const { ids } = writeLongJournal(long, runs);
    writeLongJournal(short, 1);
    say(`a journal of ${runs} runs is written`);
    const odo = (args: readonly string[]) =>
      runTimed({ argv: [process.execPath, join(root, 'dist/cli.js'), ...args] });
    const commands: readonly (readonly [what: string, args: readonly string[]])[] = [
      ['`odo --version`: the start alone', ['--version']],
      ['`odo status`, one run', ['status', '--journal', short]],
      ['`odo status`', ['status', '--journal', long]],
      ['`odo status RUN`, the oldest', ['status', ids[0] ?? '', '--journal', long]],
      ['`odo report RUN`, a drill and those before it', ['report', ids.at(-2) ?? '', '--journal', long]],
    ];
    const found = new Map(commands.map(([what]) => [what, { ms: [] as number[], bytes: [] as number[] }]));
    // The first round brings program and journal into the page cache.
    for (let round = 0; round <= 4 * options.rounds; round += 1) {
      for (const [what, args] of commands) {
        const { wallSeconds, peakRssBytes } = await odo(args);
        if (round === 0) continue;
        found.get(what)?.ms.push(wallSeconds * 1000);
        found.get(what)?.bytes.push(peakRssBytes);
      }
    }
    const rows = [...found].map(([what, { ms, bytes }]) => [
      what,
      median(ms).toFixed(0),
      Math.max(...ms).toFixed(0),
      (Math.max(...bytes) / 1e6).toFixed(0),
    ]);
    const statusMs = median(found.get('`odo status`')?.ms ?? []);
    const verdict = `\`odo status\`: ${statusMs.toFixed(0)} ms, at most ${limitMs} ms: ${statusMs <= limitMs ? 'reached' : 'not reached'}`;
    const text = `Whole processes of the built program on a journal of ${runs.toLocaleString('en')} runs, four in five of them drills;
${4 * options.rounds} rounds in turn. Written by \`npm run bench -- journal --write\`.`;
    const table = markdownTable(['command', 'ms, median', 'ms, most', 'peak MB'], rows);
    console.log(`\n${text}\n\n${table}\n\n${verdict}`);
    if (options.write)
      console.log(`\nwritten: ${writeSection('A long journal', `${text}\n\n${table}\n\n${verdict}`)}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
