/**
 * Whether odo keeps a server busy that replays WAL: the same server replays the same segments once with everything on
 * the local disk and `cp`, and once fed out of a store by the code that a restore runs, through a spool that holds a
 * part of them. Both replay to the end of WAL and promote.
 */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DecoderPool } from '../../src/archive/decode/decoder-pool.ts';
import type { WalObject } from '../../src/backup/base-backup.ts';
import { readServerLogLine, type ServerLogEvent } from '../../src/postgres/log-line.ts';
import { formatRecoveryConfiguration } from '../../src/postgres/recovery-settings.ts';
import { divideMemory, memoryBudget, slotBytes } from '../../src/run/limits/memory.ts';
import { LocalLauncher } from '../../src/service/launcher-local.ts';
import { restoreCommand, restoreScriptText } from '../../src/steps/restore-command.ts';
import { StorePatience } from '../../src/steps/store-patience.ts';
import { WalFeeder } from '../../src/steps/wal-feeder.ts';
import { WalSpool } from '../../src/steps/wal-spool.ts';
import { openS3Storage } from '../../src/storage/s3.ts';
import { DirectTree } from '../../src/target/direct-tree.ts';
import { bucket } from './backups.ts';
import { makeBenchDir, type Owner, postgresOwner, say } from './bench-dir.ts';
import { removeTargets, settleDisk } from './disk.ts';
import { writeSection } from './page.ts';
import { installPrograms, serverBinDir } from './programs.ts';
import { median } from './statistics.ts';
import { startStore, storeKeys, storeRegion } from './store.ts';
import { markdownTable } from './tables.ts';
import { makeWalSet, type WalSet } from './wal-set.ts';

const segmentBytes = 16 * 2 ** 20;
const spoolBytes = 128 * 2 ** 20;
const jobs = 4;

interface Replay {
  readonly seconds: number;
  /** Of this process: what reads, decodes, checks and hands over. */
  readonly ownCpuSeconds: number;
  readonly spoolMisses: number;
}

/** From the start of the server until it takes connections. */
async function replay(options: {
  set: WalSet;
  directory: string;
  owner: Owner;
  restoreCommand: string;
  onLine?: (line: string, event: ServerLogEvent | null) => void;
}): Promise<Replay> {
  const { set, directory, owner } = options;
  const [data, work] = [join(directory, 'data'), join(directory, 'work')];
  await cp(set.baseDir, data, { recursive: true, preserveTimestamps: true });
  await writeFile(join(data, 'recovery.signal'), '');
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'pg_hba.conf'), 'local all all trust\n');
  await writeFile(join(work, 'pg_ident.conf'), '');
  const configuration = formatRecoveryConfiguration({
    serverMajor: 15,
    restoreCommand: options.restoreCommand,
    target: { kind: 'end' },
    timeline: 'current',
    action: 'promote',
    hbaFile: join(work, 'pg_hba.conf'),
    identFile: join(work, 'pg_ident.conf'),
    maxima: null,
  });
  await writeFile(join(work, 'server.conf'), configuration);
  for (const tree of [new DirectTree(data), new DirectTree(work)]) await tree.own(owner);
  await settleDisk();

  const paths = { dataDirectory: data, workDirectory: work, socketDirectory: join(work, 'run') };
  const launcher = new LocalLauncher({ binDir: serverBinDir, owner, paths, runId: `bench-${process.pid}` });
  const ready = Promise.withResolvers<void>();
  const tail: string[] = [];
  let spoolMisses = 0;
  const started = performance.now();
  const cpu = process.cpuUsage();
  const server = await launcher.launch(
    ['-c', `config_file=${join(work, 'server.conf')}`],
    (line) => {
      tail.push(line);
      if (line.startsWith('odo: want')) spoolMisses += 1;
      const event = readServerLogLine(line);
      options.onLine?.(line, event);
      if (event?.kind === 'ready') ready.resolve();
    },
    new AbortController().signal,
  );
  void server.exited.then(() => ready.reject(new Error(`The server ended:\n${tail.slice(-20).join('\n')}`)));
  try {
    await ready.promise;
    const { user, system } = process.cpuUsage(cpu);
    return {
      seconds: (performance.now() - started) / 1000,
      ownCpuSeconds: (user + system) / 1e6,
      spoolMisses,
    };
  } finally {
    await server.stop('immediate');
    await launcher.removeLeftovers();
  }
}

const replayLocally = (set: WalSet, directory: string, owner: Owner): Promise<Replay> =>
  replay({ set, directory, owner, restoreCommand: `cp ${set.segmentsDir}/%f %p` });

async function replayFed(set: WalSet, directory: string, owner: Owner, endpoint: string): Promise<Replay> {
  const { signal } = new AbortController();
  const storage = openS3Storage({
    bucket,
    endpoint,
    region: storeRegion,
    credentials: { ...storeKeys, sessionToken: null },
  });
  const objects: WalObject[] = [];
  for await (const { key, etag, sizeBytes } of storage.list(set.prefix, { signal })) {
    const name = key.slice(set.prefix.length).replace(/\.gz$/, '');
    if (set.names.includes(name)) objects.push({ name, key, etag, sizeBytes });
  }
  const work = join(directory, 'work');
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'restore-wal.sh'), restoreScriptText(work));
  await writeFile(join(work, 'wal-in-archive.txt'), set.names.map((name) => `${name}\n`).join(''));
  const expected = { segmentBytes, systemIdentifier: null, serverMajor: 15 };
  const rangeBytes = 8 * 2 ** 20;
  const share = divideMemory(memoryBudget(null), jobs);
  const decoders = new DecoderPool({ ...share, threads: jobs, rangeBytes, slotBytes });
  const spool = await WalSpool.open(
    { tree: new DirectTree(work), owner, signal, source: { storage, rangeBytes, decoders, expected } },
    new Set(set.names),
  );
  const feeder = await WalFeeder.open({
    objects,
    spool,
    patience: new StorePatience({ notice: (_level, message) => say(message), now: () => new Date() }),
    slots: spoolBytes / segmentBytes,
    jobs,
    batch: 1,
    signal,
  });
  try {
    // What the phase restoreWal brings beside the base backup.
    await feeder.fill();
    return await replay({
      set,
      directory,
      owner,
      restoreCommand: restoreCommand(work),
      onLine: (line, event) => feeder.onLine(line, event),
    });
  } finally {
    await feeder.close();
    await decoders.close();
    storage.close();
  }
}

export async function benchWal(options: {
  rounds: number;
  sizeBytes: number;
  write: boolean;
}): Promise<void> {
  await installPrograms();
  const set = await makeWalSet(Math.max(8, Math.round(options.sizeBytes / segmentBytes)));
  const owner = await postgresOwner();
  const session = join('targets', `wal-${process.pid}`);
  const local: Replay[] = [];
  const fed: Replay[] = [];
  await using store = await startStore(set.s3Dir);
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const [name, replays] of [
        ['local', local],
        ['fed', fed],
      ] as const) {
        const directory = makeBenchDir([session, `${round}-${name}`], { for: owner });
        const result =
          name === 'local'
            ? await replayLocally(set, directory, owner)
            : await replayFed(set, directory, owner, store.endpoint);
        say(`wal, ${name}: ${result.seconds.toFixed(2)} s`);
        replays.push(result);
        await rm(directory, { recursive: true });
      }
    }
  } finally {
    await removeTargets([makeBenchDir([session])]);
  }
  const of = (replays: readonly Replay[], pick: (replay: Replay) => number) => median(replays.map(pick));
  const base = of(local, ({ seconds }) => seconds);
  const MB = (set.names.length * segmentBytes) / 1e6;
  const row = (name: string, replays: readonly Replay[]) => {
    const seconds = of(replays, (one) => one.seconds);
    return [
      name,
      seconds.toFixed(2),
      (seconds / base).toFixed(2),
      (MB / seconds).toFixed(0),
      of(replays, (one) => one.ownCpuSeconds).toFixed(2),
      of(replays, (one) => one.spoolMisses).toFixed(0),
    ];
  };
  const table = markdownTable(
    ['segments', 'wall s', 'x local', 'MB/s of WAL', 'odo’s CPU s', 'waits for odo'],
    [row('all on the local disk, `cp`', local), row('fed by odo', fed)],
  );
  const text = `The same server replays ${set.names.length} segments of 16 MiB and promotes, once with all of them on the local disk and once fed by
odo out of the bench’s store (gzip, ${jobs} jobs) through a spool of ${spoolBytes / 2 ** 20} MiB, which is full when the server starts, as
after restoreWal. ${options.rounds} rounds in turn, medians, from the server’s start until it takes connections; ${availableParallelism()} cores, which the
server, odo and the store share. odo’s CPU is of what reads, decodes, checks and hands over; a wait is a segment that
the server asked for before it was there. Written by \`npm run bench -- wal --write\`.`;
  console.log(`\n${text}\n\n${table}`);
  if (options.write) console.log(`\nwritten: ${writeSection('Replay of WAL', `${text}\n\n${table}`)}`);
}
