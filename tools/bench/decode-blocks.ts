/**
 * The bzip2 and xz decoders against the tools, on the same pages in the same run. Rounds alternate; processor time is
 * given beside wall time, because on a shared machine the latter says more about the neighbours.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openParallelBzip2Decoder } from '../../src/archive/bzip2/parallel-decoder.ts';
import type { Decoder } from '../../src/archive/decoder.ts';
import { openDecoder } from '../../src/archive/open-decoder.ts';
import { buildModules } from '../../src/archive/wasm/build.ts';
import { run } from '../../test/lab/run-command.ts';
import { heapPages, pageBytes } from './decode.ts';
import { decoderPackages, installPrograms, programs } from './programs.ts';
import { median } from './statistics.ts';
import { markdownTable } from './tables.ts';
import { runTimed } from './timed-command.ts';

const megabytes = 96;
const pieceBytes = 256 * 1024;
const threads = 2;

interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function withOurs(open: () => Promise<Decoder<unknown>>, stored: Uint8Array): Promise<Cost> {
  const decoder = await open();
  const start = performance.now();
  const before = process.cpuUsage();
  for (let at = 0; at < stored.length; at += pieceBytes)
    for await (const _slice of decoder.push(stored.subarray(at, at + pieceBytes)));
  for await (const _slice of decoder.rest());
  decoder.finish();
  const { user, system } = process.cpuUsage(before);
  const wall = (performance.now() - start) / 1000;
  decoder.release();
  return { wall, cpu: (user + system) / 1e6 };
}

async function withTool(command: string, file: string): Promise<Cost> {
  const { wallSeconds, cpuSeconds } = await runTimed({
    argv: [programs.bash, '-c', `exec ${command} "$0" > /dev/null`, file],
  });
  return { wall: wallSeconds, cpu: cpuSeconds };
}

export async function benchBlocks({ rounds }: { rounds: number }): Promise<void> {
  await buildModules();
  await installPrograms(decoderPackages);
  const directory = await mkdtemp(join(tmpdir(), 'odo-bench-blocks-'));
  try {
    const plain = join(directory, 'pages');
    const pages = heapPages(Math.floor((megabytes * 1e6) / pageBytes));
    await writeFile(plain, pages);
    await run(programs.bash, ['-c', `${programs.bzip2} -k "$0" && ${programs.xz} -k -6 "$0"`, plain]);
    const [bz2, xz] = [`${plain}.bz2`, `${plain}.xz`];
    const [storedBz2, storedXz] = [await readFile(bz2), await readFile(xz)];
    const rows: { name: string; run: () => Promise<Cost>; costs: Cost[] }[] = [
      { name: 'odo, bzip2', run: () => withOurs(() => openDecoder('bzip2'), storedBz2), costs: [] },
      { name: 'bzip2 -dc', run: () => withTool(`${programs.bzip2} -dc`, bz2), costs: [] },
      {
        name: `odo, bzip2, ${threads} threads`,
        run: () => withOurs(() => openParallelBzip2Decoder(threads), storedBz2),
        costs: [],
      },
      {
        name: `lbzip2 -n${threads} -dc`,
        run: () => withTool(`${programs.lbzip2} -n${threads} -dc`, bz2),
        costs: [],
      },
      { name: 'odo, xz', run: () => withOurs(() => openDecoder('xz'), storedXz), costs: [] },
      { name: 'xz -dc', run: () => withTool(`${programs.xz} -dc`, xz), costs: [] },
    ];
    for (let round = 0; round < rounds; round++) for (const row of rows) row.costs.push(await row.run());
    const speed = (seconds: number) => (pages.length / 1e6 / seconds).toFixed(0);
    console.log(`${megabytes} MB of heap pages, ${rounds} rounds, medians\n`);
    console.log(
      markdownTable(
        ['decoder', 'wall s', 'MB/s', 'processor s', 'MB per processor s'],
        rows.map(({ name, costs }) => {
          const [wall, cpu] = [median(costs.map((cost) => cost.wall)), median(costs.map((cost) => cost.cpu))];
          return [name, wall.toFixed(2), speed(wall), cpu.toFixed(2), speed(cpu)];
        }),
      ),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}
