import { createReadStream } from 'node:fs';
import { type ChainBreak, SegmentChain } from '../archive/wal-scan/segment-chain.ts';
import { SegmentScanner } from '../archive/wal-scan/segment-scanner.ts';
import type { WalPlan } from '../backup/base-backup.ts';
import { breakText } from '../backup/wal-scan/break-text.ts';
import { OdoError } from '../errors/odo-error.ts';
import { formatLsn, parseLsn } from '../postgres/lsn.ts';
import { parseSegmentName, segmentNumberOf, segmentStart } from '../postgres/wal-segment.ts';
import type { Tree } from '../target/tree.ts';

/** Where the engine gives files only as a whole, longer ones are not read. @unit bytes */
const mostAtOnce = 64 * 1024 * 1024;

/**
 * Where the last valid record begins of the WAL that a backup brought itself (`pg_wal.tar`, or `pg_wal/` in its data): what
 * recovery to the end must come to. Null where it cannot be read from here.
 * @throws ARCHIVE_CORRUPT when records are damaged
 */
export async function endOfOwnWal(
  folders: readonly { readonly tree: Tree; readonly path: string }[],
  options: {
    readonly wal: WalPlan;
    readonly beginLsn: string | null;
    readonly serverMajor: number;
    readonly systemIdentifier: string | null;
    readonly signal: AbortSignal;
  },
): Promise<string | null> {
  const { wal, serverMajor, systemIdentifier, signal } = options;
  const { segmentBytes } = wal;
  const from = options.beginLsn === null ? null : parseLsn(options.beginLsn);
  const chain = await SegmentChain.open({
    // A backup from right behind a switch holds pages of the timelines before.
    path: Array.from({ length: wal.timeline }, (_, i) => ({ timeline: i + 1, begin: 0n, end: null })),
    ...{ segmentBytes, serverMajor, target: null },
  });
  const scanner = await SegmentScanner.open();
  const segments = await findSegments(folders, segmentBytes, from);
  for (const [index, { tree, path, name, number }] of segments.entries()) {
    const startLsn = segmentStart(number, segmentBytes);
    const isFirst = index === 0 && from !== null && segmentNumberOf(from, segmentBytes) === number;
    scanner.begin({
      ...{ startLsn, segmentBytes, serverMajor, systemIdentifier, target: null },
      fromLsn: isFirst ? from : null,
    });
    const chunks = await openFile(tree, `${path}/${name}`, segmentBytes);
    if (chunks === null) return null;
    for await (const chunk of chunks) {
      scanner.push(chunk);
      signal.throwIfAborted();
    }
    const broken = chain.add(startLsn, scanner.end());
    if (broken === null) continue;
    if (index === segments.length - 1 && broken.looksLikeEnd) break;
    throw damaged(name, broken);
  }
  return chain.lastLsn === null ? null : formatLsn(chain.lastLsn);
}

interface OwnSegment {
  readonly tree: Tree;
  readonly path: string;
  readonly name: string;
  readonly number: number;
}

/** In order, from the one at `from` on, as far as none is missing; of several timelines' copies the newest's. */
async function findSegments(
  folders: Parameters<typeof endOfOwnWal>[0],
  segmentBytes: number,
  from: bigint | null,
): Promise<OwnSegment[]> {
  const found = new Map<number, OwnSegment>();
  for (const { tree, path } of folders) {
    for (const { name, kind } of await tree.list(path)) {
      const number = kind === 'file' ? parseSegmentName(name, segmentBytes)?.number : undefined;
      if (number === undefined) continue;
      if ((found.get(number)?.name ?? '') < name) found.set(number, { tree, path, name, number });
    }
  }
  const first = from === null ? Math.min(...found.keys()) : segmentNumberOf(from, segmentBytes);
  const segments: OwnSegment[] = [];
  for (let next = found.get(first); next !== undefined; next = found.get(next.number + 1))
    segments.push(next);
  return segments;
}

async function openFile(
  tree: Tree,
  path: string,
  sizeBytes: number,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array> | null> {
  const local = tree.localPathOf(path);
  if (local !== null) return createReadStream(local, { highWaterMark: 1024 * 1024 });
  if (sizeBytes > mostAtOnce) return null;
  const bytes = await tree.readFile(path, sizeBytes);
  return bytes === null ? null : [bytes];
}

function damaged(name: string, broken: ChainBreak): OdoError {
  return new OdoError(
    'ARCHIVE_CORRUPT',
    `WAL segment ${name}, which the backup brought, ${breakText(broken)}.`,
    {
      hint: 'The server would open the database without what comes behind it. Restore another backup, or name an archive of WAL with --wal-url.',
      details: { segment: name, lsn: formatLsn(broken.lsn), reason: broken.reason },
    },
  );
}
