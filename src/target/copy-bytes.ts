/**
 * Copies `source` into `target` from `at` on; the two do not overlap. In memory that threads share,
 * `TypedArray.prototype.set` and `Buffer.prototype.copy` go byte by byte when the two places differ in alignment
 * (4 GB/s of one core, against 67), because somebody might write there meanwhile. Nobody does, and filling with bytes
 * is a plain memcpy.
 */
export function copyBytes(source: Uint8Array, target: Uint8Array, at: number): void {
  if (source.length === 0) return;
  Buffer.prototype.fill.call(target, source, at, at + source.length);
}
