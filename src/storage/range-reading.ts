/** How a range is read. */
export interface RangeReading {
  readonly signal: AbortSignal;
  /** Longest wait between two pieces. @unit ms */
  readonly stallMs: number;
  /** Takes each piece as it arrives, in order; never more than the range. Nothing waits for it: memory is the caller's. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Memory that bytes arrive in, for at most so many: `freshBlock`, or a pool's. */
  readonly allocate: (bytes: number) => Uint8Array;
}
