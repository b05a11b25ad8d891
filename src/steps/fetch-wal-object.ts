import { decodedChunks } from '../archive/decoded-chunks.ts';
import type { WalObject } from '../backup/base-backup.ts';
import { codecOf, sniffBytes } from '../backup/codec-magic.ts';
import { OdoError } from '../errors/odo-error.ts';
import { parseLsn } from '../postgres/lsn.ts';
import { longPageHeaderBytes, parseLongPageHeader } from '../postgres/wal-page.ts';
import { isWalSegmentName, parseSegmentName, segmentStart } from '../postgres/wal-segment.ts';
import { readObject } from '../storage/object-reader.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { TreeWriter } from '../target/tree.ts';
import { walFolder } from './layout.ts';
import type { RestorePlan } from './restore-plan.ts';

/** History files are a few lines for each timeline. */
const historyLimitBytes = 1024 * 1024;

/** Reads, decompresses and checks one WAL object and writes it under its plain name. Returns its size. */
export async function fetchWalObject(options: {
  object: WalObject;
  storage: ObjectStorage;
  /** The most to ask for at once. @unit bytes */
  rangeBytes: number;
  writer: TreeWriter;
  plan: RestorePlan;
  signal: AbortSignal;
}): Promise<number> {
  const { object, writer } = options;
  const path = `${walFolder}/${object.name}`;
  const chunks = decoded(options);
  if (!isWalSegmentName(object.name)) {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > historyLimitBytes) throw damaged(object, 'is too large for a timeline history file');
      parts.push(chunk.slice());
    }
    await writer.beginFile({ path, sizeBytes: size }, 0);
    for (const part of parts) await writer.write(part);
    await writer.endFile();
    return size;
  }
  const segmentBytes = options.plan.contents.wal?.segmentBytes ?? 0;
  await writer.beginFile({ path, sizeBytes: segmentBytes }, 0);
  let size = 0;
  let head: Uint8Array | null = new Uint8Array();
  for await (const chunk of chunks) {
    if (head !== null) {
      head = Buffer.concat([head, chunk.subarray(0, longPageHeaderBytes)]);
      if (head.length >= longPageHeaderBytes) {
        checkFirstPage(object, head, options.plan);
        head = null;
      }
    }
    size += chunk.length;
    if (size > segmentBytes) throw damaged(object, `is larger than a segment of ${segmentBytes} bytes`);
    await writer.write(chunk);
  }
  if (size !== segmentBytes) throw damaged(object, `has ${size} bytes, but a segment has ${segmentBytes}`);
  await writer.endFile();
  return size;
}

async function* decoded(options: {
  object: WalObject;
  storage: ObjectStorage;
  /** The most to ask for at once. @unit bytes */
  rangeBytes: number;
  signal: AbortSignal;
}): AsyncIterable<Uint8Array> {
  const { object, storage, signal } = options;
  const stored = readObject(storage, object, { signal, ...reading(options.rangeBytes) });
  try {
    let head: Uint8Array = new Uint8Array();
    while (head.length < sniffBytes) {
      const next = await stored.next();
      if (next.done === true) break;
      head = Buffer.concat([head, next.value]);
    }
    if (head.length === 0) throw damaged(object, 'is empty');
    const codec = codecOf(head, object.key);
    // Text has no magic; a segment that is none is found by its first page.
    yield* decodedChunks(behind(head, stored), {
      codec: codec === 'unknown' ? 'none' : codec,
      name: object.key,
    });
  } finally {
    await stored.return(undefined);
  }
}

async function* behind(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}

/** Several objects are read at the same time, and none is larger than a segment. */
const reading = (rangeBytes: number) => ({
  memoryBytes: 8 * 1024 * 1024,
  rangeBytes: Math.min(rangeBytes, 4 * 1024 * 1024),
});

/** Name, cluster and size of a segment are in the long header of its first page (access/xlog_internal.h). */
function checkFirstPage(object: WalObject, chunk: Uint8Array, plan: RestorePlan): void {
  const header = parseLongPageHeader(chunk);
  if (header === null) throw damaged(object, 'does not begin with a WAL page header');
  const { systemIdentifier } = plan.contents.backup;
  if (systemIdentifier !== null && header.systemIdentifier !== systemIdentifier) {
    throw damaged(
      object,
      `belongs to another database cluster (system identifier ${header.systemIdentifier}, the backup's is ${systemIdentifier})`,
    );
  }
  const segmentBytes = plan.contents.wal?.segmentBytes ?? 0;
  const segment = parseSegmentName(object.name, segmentBytes);
  if (segment === null || parseLsn(header.pageLsn) !== segmentStart(segment.number, segmentBytes))
    throw damaged(object, 'holds the WAL of another position');
}

function damaged(object: WalObject, what: string): OdoError {
  return new OdoError('ARCHIVE_CORRUPT', `The WAL object ${object.key} ${what}.`, {
    hint: 'Recovery cannot pass it. Restore the object from another copy of the archive, then resume the run.',
    details: { key: object.key },
  });
}
