import { crc32c } from '../../src/postgres/crc32c.ts';
import { magicOfMajor } from '../../src/postgres/server-version.ts';
import { segmentName } from '../../src/postgres/wal-segment.ts';

const pageBytes = 8192;

export interface WalRecord {
  /** Resource manager: 0 the log itself, 1 transactions. */
  readonly manager?: number;
  readonly info?: number;
  readonly xid?: number;
  /** What follows the record's header: for main data, `mainData` in front. */
  readonly content?: Uint8Array;
  /** Instead of the right one. */
  readonly previous?: bigint;
  readonly crc?: number;
}

export interface WrittenRecord {
  readonly lsn: bigint;
  /** Behind it, at the next multiple of eight. */
  readonly endLsn: bigint;
}

/** Main data of a record without blocks (xloginsert.c, XLogRecordAssemble). */
export function mainData(data: Uint8Array, options: { origin?: number; topXid?: number } = {}): Uint8Array {
  const parts: number[] = [];
  if (options.origin !== undefined) parts.push(253, options.origin & 255, options.origin >> 8);
  const top = Buffer.alloc(5, 252);
  if (options.topXid !== undefined) top.writeUInt32LE(options.topXid, 1);
  const head = data.length < 256 ? Buffer.from([255, data.length]) : Buffer.alloc(5, 254);
  if (data.length >= 256) head.writeUInt32LE(data.length, 1);
  return Buffer.concat([
    Buffer.from(parts),
    options.topXid === undefined ? Buffer.alloc(0) : top,
    head,
    data,
  ]);
}

/** Microseconds since 2000-01-01 UTC. */
export const serverTime = (iso: string): bigint => (BigInt(Date.parse(iso)) - 946_684_800_000n) * 1000n;

function timeBytes(time: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(time);
  return bytes;
}

/**
 * Writes WAL as the server does, page by page (access/xlog_internal.h): every record has the right link and checksum
 * unless told otherwise. `segments` are what was written so far, the last one with zeros at its end.
 */
export class WalBuilder {
  readonly segmentBytes: number;
  readonly systemIdentifier: bigint;
  readonly major: number;
  timeline: number;
  #lsn: bigint;
  #previous = 0n;
  #overwrites = false;
  readonly #segments = new Map<number, Buffer>();

  constructor(
    options: {
      segmentBytes?: number;
      systemIdentifier?: bigint;
      major?: number;
      timeline?: number;
      /** Number of the first segment. */
      first?: number;
    } = {},
  ) {
    this.segmentBytes = options.segmentBytes ?? 2 ** 20;
    this.systemIdentifier = options.systemIdentifier ?? 7_711_482_807_481_257_680n;
    this.major = options.major ?? 17;
    this.timeline = options.timeline ?? 1;
    this.#lsn = BigInt(options.first ?? 3) * BigInt(this.segmentBytes);
  }

  /** Where the next record begins. */
  get lsn(): bigint {
    return this.#lsn % BigInt(pageBytes) === 0n
      ? this.#lsn + BigInt(this.#headerBytes(this.#lsn))
      : this.#lsn;
  }

  /** Room in the page at hand. @unit bytes */
  get room(): number {
    return pageBytes - Number(this.lsn % BigInt(pageBytes));
  }

  get segments(): { name: string; number: number; bytes: Buffer }[] {
    return [...this.#segments].map(([number, bytes]) => ({
      name: segmentName({ timeline: this.timeline, number }, this.segmentBytes),
      number,
      bytes,
    }));
  }

  /** By number; the buffer is the one that is written. */
  segment(number: number): Buffer {
    let bytes = this.#segments.get(number);
    if (bytes === undefined) {
      bytes = Buffer.alloc(this.segmentBytes);
      this.#segments.set(number, bytes);
    }
    return bytes;
  }

  record(record: WalRecord = {}): WrittenRecord {
    const content = record.content ?? mainData(Buffer.alloc(6, 1));
    const lsn = this.#enterPage(0);
    const bytes = Buffer.alloc(24 + content.length);
    bytes.writeUInt32LE(bytes.length, 0);
    bytes.writeUInt32LE(record.xid ?? 0, 4);
    bytes.writeBigUInt64LE(record.previous ?? this.#previous, 8);
    bytes.writeUInt8(record.info ?? 0, 16);
    bytes.writeUInt8(record.manager ?? 10, 17);
    bytes.set(content, 24);
    const crc = crc32c(bytes.subarray(0, 20), crc32c(content));
    bytes.writeUInt32LE(record.crc ?? crc, 20);
    this.#write(bytes);
    this.#lsn += (8n - (this.#lsn % 8n)) % 8n;
    this.#previous = lsn;
    return { lsn, endLsn: this.#lsn };
  }

  /** A record of exactly so many bytes with its header. */
  filler(bytes: number): WrittenRecord {
    return this.record({ content: Buffer.alloc(bytes - 24, 0x5c) });
  }

  /** Records up to exactly `room` bytes in front of the end of the page at hand. */
  fillPage(room: number): void {
    const bytes = this.room - room;
    if (bytes >= 24) this.filler(bytes);
  }

  /** Records up to exactly `room` bytes in front of the segment's end. */
  fillSegment(room: number): void {
    const end = (this.#lsn / BigInt(this.segmentBytes) + 1n) * BigInt(this.segmentBytes);
    while (end - this.lsn > BigInt(pageBytes)) this.filler(Math.min(7000, this.room < 24 ? 100 : this.room));
    this.fillPage(room);
  }

  commit(xid: number, time: string, options: { origin?: number; topXid?: number } = {}): WrittenRecord {
    return this.record({ manager: 1, xid, content: mainData(timeBytes(serverTime(time)), options) });
  }

  abort(xid: number, time: string): WrittenRecord {
    return this.record({ manager: 1, info: 0x20, xid, content: mainData(timeBytes(serverTime(time))) });
  }

  /** Of a transaction that ended earlier with PREPARE TRANSACTION; `subtransactions` make the record longer. */
  commitPrepared(preparedXid: number, time: string, subtransactions = 0): WrittenRecord {
    const info = Buffer.alloc(4);
    info.writeUInt32LE(1 | (subtransactions > 0 ? 2 : 0) | 8 | 16);
    const database = Buffer.alloc(8, 7);
    const subs = Buffer.alloc(subtransactions > 0 ? 4 + 4 * subtransactions : 0, 9);
    if (subtransactions > 0) subs.writeUInt32LE(subtransactions);
    const invalidations = Buffer.alloc(4 + 2 * 16, 3);
    invalidations.writeUInt32LE(2);
    const xid = Buffer.alloc(4);
    xid.writeUInt32LE(preparedXid);
    const data = Buffer.concat([timeBytes(serverTime(time)), info, database, subs, invalidations, xid]);
    return this.record({ manager: 1, info: 0x30 | 0x80, content: mainData(data) });
  }

  restorePoint(name: string, time: string): WrittenRecord {
    const data = Buffer.alloc(72);
    data.writeBigInt64LE(serverTime(time));
    data.write(name, 8);
    return this.record({ manager: 0, info: 0x70, content: mainData(data) });
  }

  /** pg_switch_wal(): the rest of the segment is left empty. */
  switch(): WrittenRecord {
    const { lsn } = this.record({ manager: 0, info: 0x40, content: new Uint8Array() });
    const size = BigInt(this.segmentBytes);
    if (this.#lsn % size !== 0n) this.#lsn = (this.#lsn / size + 1n) * size;
    return { lsn, endLsn: this.#lsn };
  }

  /** The server crashed here: what it writes next begins on the page of `lsn`, whatever reached into it. */
  overwriteFrom(lsn: bigint, previous: bigint): void {
    const page = lsn - (lsn % BigInt(pageBytes));
    for (const [number, bytes] of this.#segments) {
      const start = BigInt(number) * BigInt(this.segmentBytes);
      if (start + BigInt(this.segmentBytes) > page) bytes.fill(0, Number(page > start ? page - start : 0n));
    }
    this.#lsn = page;
    this.#previous = previous;
    this.#overwrites = true;
  }

  #headerBytes(lsn: bigint): number {
    return lsn % BigInt(this.segmentBytes) === 0n ? 40 : 24;
  }

  /** Writes the page's header when none is there yet. Where the next byte goes. */
  #enterPage(remaining: number): bigint {
    if (this.#lsn % BigInt(pageBytes) !== 0n) return this.#lsn;
    const isFirst = this.#lsn % BigInt(this.segmentBytes) === 0n;
    const header = Buffer.alloc(isFirst ? 40 : 24);
    header.writeUInt16LE(magicOfMajor(this.major) ?? 0, 0);
    header.writeUInt16LE((isFirst ? 2 : 0) | (remaining > 0 ? 1 : 0) | (this.#overwrites ? 8 : 0), 2);
    this.#overwrites = false;
    header.writeUInt32LE(this.timeline, 4);
    header.writeBigUInt64LE(this.#lsn, 8);
    header.writeUInt32LE(remaining, 16);
    if (isFirst) {
      header.writeBigUInt64LE(this.systemIdentifier, 24);
      header.writeUInt32LE(this.segmentBytes, 32);
      header.writeUInt32LE(pageBytes, 36);
    }
    this.#put(header);
    return this.#lsn;
  }

  #write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      this.#enterPage(bytes.length - at);
      const room = pageBytes - Number(this.#lsn % BigInt(pageBytes));
      const piece = bytes.subarray(at, at + room);
      this.#put(piece);
      at += piece.length;
    }
  }

  #put(bytes: Uint8Array): void {
    const size = BigInt(this.segmentBytes);
    this.segment(Number(this.#lsn / size)).set(bytes, Number(this.#lsn % size));
    this.#lsn += BigInt(bytes.length);
  }
}
