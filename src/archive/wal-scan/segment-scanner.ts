import { OdoError } from '../../errors/odo-error.ts';
import { magicOfMajor } from '../../postgres/server-version.ts';
import { walPageBytes as pageBytes } from '../../postgres/wal-page.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import { readEnds, readRestorePoint, setTarget } from './scan-values.ts';
import type {
  ContinuedPart,
  RestorePoint,
  ScanRequest,
  ScanStop,
  SegmentScan,
  UnfinishedPart,
} from './segment-scan.ts';
import { openWalScan, outcomes, stopReasons, type WalScanModule } from './wal-scan-module.ts';

/**
 * Reads one segment after another, each on its own: `begin`, `push` for every piece, and `end`. Nothing is thrown for
 * what a segment holds: where it cannot be read any further is part of the result.
 */
export class SegmentScanner {
  readonly #module: WalScanModule;
  #startLsn = 0n;
  /** In the module's memory, not yet read. @unit bytes */
  #filledBytes = 0;
  /** In front of them. @unit bytes */
  #readBytes = 0;
  #sizeBytes = 0;
  #timelines: { lsn: bigint; timeline: number }[] = [];
  #continued: ContinuedPart | null = null;
  #restorePoints: RestorePoint[] = [];
  #target: SegmentScan['target'] = null;
  #stop: ScanStop | null = null;

  /** Called for each whole record that begins in the segment; for tests and tools. */
  onRecord: ((lsn: bigint) => void) | null = null;

  private constructor(module: WalScanModule) {
    this.#module = module;
  }

  static async open(): Promise<SegmentScanner> {
    return new SegmentScanner(await openWalScan());
  }

  begin(request: ScanRequest): void {
    const { exports } = this.#module;
    const { serverMajor, systemIdentifier, segmentBytes, startLsn, fromLsn, target } = request;
    this.#startLsn = startLsn;
    this.#filledBytes = 0;
    this.#readBytes = 0;
    this.#sizeBytes = 0;
    this.#timelines = [];
    this.#continued = null;
    this.#restorePoints = [];
    this.#target = null;
    this.#stop = null;
    const magic = serverMajor === null ? null : magicOfMajor(serverMajor);
    exports.expectPages(magic ?? 0, BigInt(systemIdentifier ?? 0), segmentBytes);
    exports.begin(startLsn, fromLsn ?? 0n, serverMajor ?? 0, this.onRecord === null ? 0 : 1);
    setTarget(exports, target);
  }

  /** The next bytes of the segment, which are copied. False: of what follows only the length is of interest. */
  push(bytes: Uint8Array): boolean {
    const { exports, memory } = this.#module;
    this.#sizeBytes += bytes.length;
    for (let at = 0; at < bytes.length && this.#wantsMore; ) {
      const piece = bytes.subarray(at, at + exports.inputBytes.value - this.#filledBytes);
      copyBytes(piece, memory, exports.inputAt.value + this.#filledBytes);
      this.#filledBytes += piece.length;
      at += piece.length;
      if (this.#filledBytes === exports.inputBytes.value) this.#readPages();
    }
    return this.#wantsMore;
  }

  /** All bytes have come. */
  end(): SegmentScan {
    if (this.#wantsMore) this.#readPages();
    const { exports } = this.#module;
    const hasRecords = exports.records.value > 0;
    return {
      sizeBytes: this.#sizeBytes,
      magic: exports.magic.value,
      systemIdentifier: BigInt.asUintN(64, exports.systemIdentifier.value).toString(),
      timelines: this.#timelines,
      pagesEnd: this.#pagesEnd(),
      overwrites: exports.isOverwritten.value !== 0,
      continued: this.#continued ?? (exports.isContinuation.value === 0 ? null : this.#continuedPart()),
      records: exports.records.value >>> 0,
      first: hasRecords ? { lsn: exports.firstLsn.value, previous: exports.firstPrevious.value } : null,
      lastLsn: hasRecords ? exports.lastLsn.value : null,
      endLsn: hasRecords ? exports.endLsn.value : null,
      unfinished: this.#unfinishedPart(),
      restorePoints: this.#restorePoints,
      ...readEnds(exports),
      stop: this.#stop,
      target: this.#target,
    };
  }

  get #wantsMore(): boolean {
    if (this.#target !== null) return false;
    return this.#stop === null || (this.#stop.pageBehind === null && this.#stop.reason !== 'switched');
  }

  /** All whole pages that have come. */
  #readPages(): void {
    const bytes = this.#filledBytes - (this.#filledBytes % pageBytes);
    this.#filledBytes = 0;
    if (this.#stop === null) {
      this.#module.exports.feed(bytes);
      while (this.#takeOutcome());
    }
    if (this.#stop !== null) this.#lookBehind(this.#stop, bytes);
    this.#readBytes += bytes;
  }

  /** False: nothing more is read of what was fed. */
  #takeOutcome(): boolean {
    const { exports } = this.#module;
    const outcome = outcomes[exports.scan()];
    const timeline = exports.timeline.value >>> 0;
    if (timeline !== 0 && timeline !== this.#timelines.at(-1)?.timeline)
      this.#timelines.push({ lsn: exports.pageLsn.value, timeline });
    switch (outcome) {
      case 'continuation':
        this.#continued = this.#continuedPart();
        return true;
      case 'restore-point':
        this.#restorePoints.push(readRestorePoint(this.#module));
        this.onRecord?.(exports.recordLsn.value);
        return true;
      case 'record':
        this.onRecord?.(exports.recordLsn.value);
        return true;
      case 'timeline':
        return true;
      case 'more':
        return false;
      case 'target': {
        const lsn = exports.recordLsn.value;
        const isReplayed = exports.records.value > 0 && exports.lastLsn.value === lsn;
        this.#target = { lsn, endLsn: isReplayed ? exports.endLsn.value : lsn, isReplayed };
        return false;
      }
      case 'stopped':
        this.#stop = this.#whyStopped();
        if (this.#stop.reason === 'switched') this.onRecord?.(exports.recordLsn.value);
        return false;
      default:
        throw new OdoError('BUG', 'The reader of WAL records answered with nonsense.');
    }
  }

  #whyStopped(): ScanStop {
    const { exports } = this.#module;
    const reason = stopReasons[exports.stopReason.value - 1];
    if (reason === undefined)
      throw new OdoError('BUG', 'The reader of WAL records stopped without a reason.');
    return {
      reason,
      lsn: exports.stopLsn.value,
      found: BigInt.asUintN(64, exports.found.value),
      expected: BigInt.asUintN(64, exports.expected.value),
      restIsEmpty: this.#restIsEmpty(exports.stopLsn.value),
      pageBehind: null,
    };
  }

  /** Of the page at hand, from a place in it on. */
  #restIsEmpty(lsn: bigint): boolean {
    const { exports, memory } = this.#module;
    const page = exports.inputAt.value + Number(exports.pageLsn.value - this.#startLsn) - this.#readBytes;
    const from = page + Number(lsn - exports.pageLsn.value);
    return lsn < exports.pageLsn.value || memory.subarray(from, page + pageBytes).every((byte) => byte === 0);
  }

  /** Looks for a page that belongs where it is, behind the one where reading stopped, in the `bytes` at hand. */
  #lookBehind(stop: ScanStop, bytes: number): void {
    if (stop.reason === 'switched') return;
    const { exports, memory } = this.#module;
    const view = new DataView(memory.buffer, exports.inputAt.value, bytes);
    const from = this.#startLsn + BigInt(this.#readBytes);
    const next = Number(exports.pageLsn.value - from) + pageBytes;
    for (let at = Math.max(0, next); at < bytes; at += pageBytes) {
      const address = from + BigInt(at);
      if (view.getUint16(at, true) !== exports.magic.value || view.getBigUint64(at + 8, true) !== address)
        continue;
      this.#stop = { ...stop, pageBehind: address };
      return;
    }
  }

  /** A page that is not right is at hand, but not read. */
  #pagesEnd(): bigint {
    const { pageLsn } = this.#module.exports;
    if (this.#timelines.length === 0) return this.#startLsn;
    const isUnread = this.#stop !== null && this.#stop.lsn === pageLsn.value;
    return pageLsn.value + BigInt(isUnread ? 0 : pageBytes);
  }

  #continuedPart(): ContinuedPart {
    const { exports } = this.#module;
    return {
      remainingBytes: exports.continuationBytes.value >>> 0,
      bytes: exports.continued.value >>> 0,
      kept: this.#kept(),
      crcBehind16: exports.crc.value >>> 0,
      endLsn: exports.position(),
    };
  }

  /** Null where a segment ends with a whole record, or reading stopped before its end. */
  #unfinishedPart(): UnfinishedPart | null {
    const { exports, memory } = this.#module;
    if (exports.remaining.value === 0 || exports.isContinuation.value !== 0) return null;
    if (this.#target !== null || this.#stop !== null) return null;
    const { value: header } = exports.headerAt;
    return {
      lsn: exports.recordLsn.value,
      header: memory.slice(header, header + exports.headerBytes.value),
      crc: exports.crc.value >>> 0,
      remainingBytes: exports.remaining.value >>> 0,
      kept: this.#kept(),
    };
  }

  #kept(): Uint8Array {
    const { exports, memory } = this.#module;
    return memory.slice(exports.keptAt.value, exports.keptAt.value + exports.kept.value);
  }
}
