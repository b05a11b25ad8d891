/** What can be run alone. A part either brings contenders, which run in turn on the backups of every case, or is its own. */
import type { Contender } from './contender.ts';
import { backupTools } from './contenders/backup-tools.ts';
import { limits } from './contenders/limits.ts';
import { odoCheckpoints, odoIndex, odoRestores } from './contenders/odo.ts';
import { odoKilled } from './contenders/odo-killed.ts';
import { pipes } from './contenders/pipes.ts';
import { benchDecode } from './decode.ts';
import { benchBlocks } from './decode-blocks.ts';
import { benchJournal } from './journal.ts';
import { benchPages } from './page-checksums.ts';
import { benchWal } from './wal-delivery.ts';
import { benchWalScan } from './wal-scan.ts';
import { benchWorkers } from './workers.ts';

export interface Part {
  readonly name: string;
  readonly about: string;
  readonly contenders?: readonly Contender[];
  /** Prints its own figures. */
  readonly run?: (options: { rounds: number; sizeBytes: number; write: boolean }) => Promise<void>;
}

export const parts: readonly Part[] = [
  {
    name: 'decode',
    about: 'gzip, lz4, zstd and snappy against node:zlib or their programs, in memory',
    run: benchDecode,
  },
  { name: 'decode-blocks', about: 'bzip2 and xz against the tools of these names', run: benchBlocks },
  { name: 'wal-scan', about: 'reading WAL record by record, in memory', run: benchWalScan },
  { name: 'pages', about: 'page checksums against pg_checksums, on the same files', run: benchPages },
  { name: 'restore', about: 'odo, durable and with --no-sync', contenders: odoRestores },
  {
    name: 'peers',
    about: 'the other ways to restore the same cluster',
    contenders: [...backupTools, ...pipes],
  },
  { name: 'limits', about: 'decoding alone, writing alone, tar of the plain tar', contenders: limits },
  { name: 'index', about: 'odo once more, with the seek index of a first restore', contenders: odoIndex },
  { name: 'workers', about: 'one archive by its seek index, with 1 to 16 workers', run: benchWorkers },
  {
    name: 'wal',
    about: 'replay of WAL that odo feeds out of a store, against segments that are all on the local disk',
    run: benchWal,
  },
  { name: 'journal', about: 'odo status and odo report on a journal of 10,000 runs', run: benchJournal },
  { name: 'resume', about: 'odo killed half-way with SIGKILL, and resumed', contenders: odoKilled },
  {
    name: 'checkpoints',
    about: 'odo without checkpoints on the way: what they cost',
    contenders: odoCheckpoints,
  },
];

/** Everything is compared with it, so it runs with every part. */
const [odo] = odoRestores;

export function chooseContenders(chosen: readonly Part[], only: readonly string[] | null): Contender[] {
  const all = chosen.flatMap(({ contenders = [] }) => contenders);
  const wanted = only === null ? all : all.filter(({ name }) => only.includes(name));
  const unknown = only?.filter(
    (name) => !parts.some((part) => part.contenders?.some((one) => one.name === name)),
  );
  if (unknown && unknown.length > 0)
    throw new Error(`There is no contender ${unknown.join(', ')}; see --list.`);
  return odo === undefined || all.length === 0
    ? []
    : [odo, ...wanted.filter((contender) => contender !== odo)];
}
