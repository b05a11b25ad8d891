/** Page checksums of a real cluster by the code that a restore runs, against pg_checksums on the same files. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';
import { adoptMemory } from '../../src/archive/hash/hash-module.ts';
import { PageChecksums } from '../../src/archive/hash/page-checksums.ts';
import { buildModules } from '../../src/archive/wasm/build.ts';
import { parseChecksumsOutput } from '../../src/postgres/pg-checksums-output.ts';
import { firstBlockOf, parseRelationFile } from '../../src/postgres/relation-file.ts';
import { postgresOwner, say } from './bench-dir.ts';
import { writeSection } from './page.ts';
import { installPrograms, serverBinDir } from './programs.ts';
import { startSource } from './source-cluster.ts';
import { median } from './statistics.ts';
import { markdownTable } from './tables.ts';
import { runTimed } from './timed-command.ts';

const pageBytes = 8192;
/** As the decoder hands it over. */
const sliceBytes = 1024 * 1024;
/** What fits the page cache beside everything else. @unit bytes */
const mostBytes = 1e9;
const pgbenchBytes = 15e6;

interface RelationPath {
  readonly path: string;
  readonly firstBlock: number;
}

function relationsOf(dataDir: string): RelationPath[] {
  return readdirSync(dataDir, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const file = entry.isFile() ? parseRelationFile(relative(dataDir, path)) : null;
    return file === null ? [] : [{ path, firstBlock: firstBlockOf(file, pageBytes) }];
  });
}

/** Seconds of this thread in `check` alone, and in reading too; the pages it has seen. */
interface Pass {
  readonly checkSeconds: number;
  readonly seconds: number;
  readonly pages: number;
}

const cpuSeconds = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
};

/** Every file through `buffer`, piece by piece. */
async function pass(files: readonly RelationPath[], buffer: Uint8Array): Promise<Pass> {
  const started = cpuSeconds();
  let checkSeconds = 0;
  let pages = 0;
  for (const { path, firstBlock } of files) {
    const checksums = await PageChecksums.open({ firstBlock });
    const descriptor = openSync(path, 'r');
    try {
      for (;;) {
        const bytes = readSync(descriptor, buffer, 0, buffer.length, null);
        if (bytes === 0) break;
        const before = cpuSeconds();
        checksums.update(buffer.subarray(0, bytes));
        checkSeconds += cpuSeconds() - before;
      }
    } finally {
      closeSync(descriptor);
    }
    const result = checksums.result();
    if (result.wrongPages > 0) throw new Error(`${path} has ${result.wrongPages} wrong pages`);
    pages += result.pages;
  }
  return { checkSeconds, seconds: cpuSeconds() - started, pages };
}

export async function benchPages(options: {
  rounds: number;
  sizeBytes: number;
  write: boolean;
}): Promise<void> {
  await installPrograms();
  await buildModules();
  const owner = await postgresOwner();
  const pgbenchScale = Math.max(1, Math.round(Math.min(options.sizeBytes, mostBytes) / pgbenchBytes));
  const content = { name: 'mixed', title: 'pages', pgbenchScale, sql: [], clones: 0 } as const;
  const directory = ['sources', `pages-${process.pid}`];
  await using source = await startSource({ directory, owner, content, env: {} });
  const { dataDir } = source;
  await source.run('pg_ctl', ['-D', dataDir, '-m', 'fast', '-w', 'stop']);
  await source.run('pg_checksums', ['--enable', '--no-sync', '-D', dataDir]);
  const files = relationsOf(dataDir);

  // Where a decoder leaves what it has decoded: its memory is adopted, and pages are read where they lie.
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 1024, shared: true });
  await adoptMemory(memory, 'receiver');
  const decoded = new Uint8Array(memory.buffer, memory.buffer.byteLength - sliceBytes, sliceBytes);
  const elsewhere = Buffer.alloc(sliceBytes);
  const argv = [join(serverBinDir, 'pg_checksums'), '--check', '-D', dataDir];
  const asPostgres = [
    'setpriv',
    '--reuid',
    String(owner.uid),
    '--regid',
    String(owner.gid),
    '--clear-groups',
  ];

  const rates = {
    inPlace: [] as number[],
    copied: [] as number[],
    withReading: [] as number[],
    server: [] as number[],
  };
  for (let round = 0; round <= options.rounds; round++) {
    const inPlace = await pass(files, decoded);
    const copied = await pass(files, elsewhere);
    const server = await runTimed({ argv: [...asPostgres, ...argv] });
    const scanned = parseChecksumsOutput(server.stdout.join('\n'), '')?.pages;
    if (scanned !== inPlace.pages)
      throw new Error(`pg_checksums looked at ${scanned} pages, odo at ${inPlace.pages}`);
    const gigabytes = (inPlace.pages * pageBytes) / 1e9;
    // The first round brings the files into the page cache.
    if (round === 0) {
      say(`pages: ${gigabytes.toFixed(2)} GB in ${files.length} files`);
      continue;
    }
    rates.inPlace.push(gigabytes / inPlace.checkSeconds);
    rates.copied.push(gigabytes / copied.checkSeconds);
    rates.withReading.push(gigabytes / inPlace.seconds);
    rates.server.push(gigabytes / server.cpuSeconds);
  }
  const peer = median(rates.server);
  const row = (name: string, values: readonly number[]) => {
    const rate = median(values);
    return [name, rate.toFixed(2), (rate / peer).toFixed(2)];
  };
  const table = markdownTable(
    ['page checksums', 'GB/s of one core', 'x pg_checksums'],
    [
      row('odo, where the decoder left them: what a restore pays', rates.inPlace),
      row('odo, from elsewhere (a plain backup, the look after recovery)', rates.copied),
      row('odo, files read, too', rates.withReading),
      row('`pg_checksums --check`, which reads the files', rates.server),
    ],
  );
  const text = `Every page of a cluster of pgbench (scale ${pgbenchScale}, tables and indexes) by odo and by \`pg_checksums --check\`
on the same files, all in the page cache. Processor time of the one thread that does it (user and system), so that
what else the machine does counts little. ${options.rounds} rounds in turn, medians. Written by \`npm run bench -- pages --write\`.`;
  console.log(`\n${text}\n\n${table}`);
  if (options.write) console.log(`\nwritten: ${writeSection('Page checksums', `${text}\n\n${table}`)}`);
}
