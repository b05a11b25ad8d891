import type { StoreKind } from './store-errors.ts';

/** Bytes [from, to) of an object. @unit bytes */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Where one range of one object can be had: plain data, so that a thread without credentials can be told it. Ask for
 * it right before reading, since a signature holds for minutes only. Never log or journal it: it carries a signature
 * and perhaps a token, though never a secret key; for a web server with basic authentication it carries the password.
 */
export type RangeLocation = HttpRangeLocation | FileRangeLocation | RelayedRangeLocation;

/** A GET whose headers are signed as they stand: sent in full and unchanged, or refused by the store. */
export interface HttpRangeLocation {
  readonly kind: 'http';
  readonly protocol: 'http:' | 'https:';
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  /** Null: what the protocol implies. */
  readonly port: number | null;
  /** Percent-encoded, with the query. */
  readonly path: string;
  /** With Host, Range, If-Match and Authorization. */
  readonly headers: Readonly<Record<string, string>>;
  readonly range: ByteRange;
  /** Bare, as in a listing; empty where the store has none to compare with. */
  readonly etag: string;
  /** Lower-case name of the answer's header that holds the same. @default etag */
  readonly etagHeader?: string;
  /** For messages, as in `StoreAttempt`. */
  readonly store: StoreKind;
  readonly bucket: string;
  readonly endpoint: string;
  readonly key: string;
  /** Until the connection stands. @unit ms */
  readonly connectTimeoutMs: number;
  /** From then until the answer's headers. @unit ms */
  readonly answerTimeoutMs: number;
}

/** A file of this machine. */
export interface FileRangeLocation {
  readonly kind: 'file';
  readonly path: string;
  readonly range: ByteRange;
  /** What `fileEtag` gave when the read was planned. */
  readonly etag: string;
  /** For messages. */
  readonly key: string;
}

/** Bytes that the thread with the connection reads, and that arrive in memory which both see. */
export interface RelayedRangeLocation {
  readonly kind: 'relayed';
  /** As `RelayMemory` divides it. */
  readonly memory: SharedArrayBuffer;
  readonly range: ByteRange;
  /** For messages. */
  readonly key: string;
}
