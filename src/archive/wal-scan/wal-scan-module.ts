import { loadModule } from '../wasm/load-module.ts';
import { memoryPages } from '../wasm/memory-pages.ts';

/** Relative to the package's root: src/archive/wal-scan and dist/archive/wal-scan are equally deep. */
export const walScanWasmUrl = new URL('../../../build/wal-scan.wasm', import.meta.url);

/** Of 64 bits: WAL positions, times, and the system identifier. */
type Long = { readonly value: bigint };
type Integer = { readonly value: number };

/** What assembly/index.ts exports; see there for the meaning. */
export interface WalScanExports {
  readonly inputAt: Integer;
  readonly inputBytes: Integer;
  readonly keptAt: Integer;
  readonly headerAt: Integer;

  readonly timeline: Integer;
  readonly magic: Integer;
  readonly systemIdentifier: Long;
  readonly found: Long;
  readonly expected: Long;

  readonly pageLsn: Long;
  readonly records: Integer;
  readonly firstLsn: Long;
  readonly firstPrevious: Long;
  readonly lastLsn: Long;
  readonly endLsn: Long;
  readonly recordLsn: Long;
  readonly recordAt: Integer;
  readonly recordEnd: Integer;

  readonly remaining: Integer;
  readonly headerBytes: Integer;
  readonly crc: Integer;
  readonly kept: Integer;
  readonly isContinuation: Integer;
  readonly continued: Integer;
  readonly continuationBytes: Integer;
  readonly isOverwritten: Integer;

  readonly stopReason: Integer;
  readonly stopLsn: Long;

  readonly commits: Integer;
  readonly aborts: Integer;
  readonly firstCommitLsn: Long;
  readonly firstCommitTime: Long;
  readonly firstCommitXid: Integer;
  readonly lastCommitLsn: Long;
  readonly lastCommitTime: Long;
  readonly lastCommitXid: Integer;
  readonly newestTime: Long;

  prepare(): void;
  expectPages(magic: number, systemIdentifier: bigint, segmentBytes: number): void;
  begin(address: bigint, from: bigint, major: number, tellRecords: number): void;
  lookFor(kind: number, value: bigint, inclusive: number): void;
  feed(bytes: number): void;
  scan(): number;
  position(): bigint;
  takeRecord(lsn: bigint, bytes: number): number;
}

/** Of assembly/outcomes.ts. */
export const outcomes = [
  'more',
  'continuation',
  'restore-point',
  'timeline',
  'record',
  'target',
  'stopped',
] as const;

/** Of assembly/outcomes.ts, from 1. */
export const stopReasons = [
  'no-record',
  'bad-length',
  'bad-previous',
  'bad-manager',
  'bad-checksum',
  'bad-magic',
  'bad-flags',
  'other-system',
  'other-segment-size',
  'other-page-size',
  'other-address',
  'older-timeline',
  'no-continuation',
  'other-continuation',
  'switched',
] as const;

export type StopReason = (typeof stopReasons)[number];

export const targetKinds = { lsn: 1, time: 2, xid: 3 } as const;

export interface WalScanModule {
  readonly exports: WalScanExports;
  readonly memory: Uint8Array;
}

/** Checksums, a record that is put together, and the pages that are being read. @unit pages of 64 KiB */
const ownPages = 24;

export async function instantiateWalScan(module: WebAssembly.Module): Promise<WalScanModule> {
  const memory = new WebAssembly.Memory({ ...memoryPages, initial: ownPages, shared: true });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const exports = instance.exports as unknown as WalScanExports;
  exports.prepare();
  return { exports, memory: new Uint8Array(memory.buffer) };
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** A fresh instance with its own memory; the module is compiled once per thread. */
export async function openWalScan(): Promise<WalScanModule> {
  compiled ??= loadModule(walScanWasmUrl, 'The reader of WAL records');
  return instantiateWalScan(await compiled);
}
