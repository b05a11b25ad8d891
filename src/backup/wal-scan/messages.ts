import type { ScanRequest, SegmentScan } from '../../archive/wal-scan/segment-scan.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import type { ByteRange, RangeLocation } from '../../storage/object-storage.ts';
import type { PinnedObject } from '../object-head.ts';

/** One segment that a thread is to read: plain data. */
export interface ScanJob {
  readonly object: PinnedObject;
  readonly request: ScanRequest;
  /** Only its first page, which tells whose it is. */
  readonly onlyFirstPage: boolean;
  /** The most to ask for at once. @unit bytes */
  readonly rangeBytes: number;
}

export type ToScanner =
  | { readonly type: 'scan'; readonly job: ScanJob }
  | { readonly type: 'located'; readonly id: number; readonly location: RangeLocation }
  | { readonly type: 'not-located'; readonly id: number; readonly error: ErrorData };

export type FromScanner =
  /** It takes jobs, and may be ended. */
  | { readonly type: 'ready' }
  | { readonly type: 'locate'; readonly id: number; readonly range: ByteRange }
  | { readonly type: 'scanned'; readonly scan: SegmentScan }
  | { readonly type: 'failed'; readonly error: ErrorData };
