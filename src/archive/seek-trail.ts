import { crc32 } from 'node:zlib';
import { partBytes } from '../target/file-parts.ts';
import { encodeDecoder } from './encoded-decoder.ts';
import type { EntrySink } from './entry-sink.ts';
import type { DecoderState } from './open-decoder.ts';
import { PathSet } from './path-set.ts';
import { pointEveryBytes, type SeekPoint } from './seek-index.ts';
import type { TarReader } from './tar-reader.ts';

/** What a pass over an archive adds to its index from one checkpoint to the next; plain JSON. */
export interface TrailEntry {
  readonly points: readonly SeekPoint[];
  /** Hashes of the paths that were read (PathSet). */
  readonly paths: readonly number[];
  /** No path has come twice so far. */
  readonly allDistinct: boolean;
}

/** Gathers the seek points of an archive while it is read from its begin to its end. */
export class SeekTrail {
  readonly #everyBytes: number;
  readonly #paths = new PathSet();
  #points: SeekPoint[] = [];
  #next: number;
  #candidate: DecoderState | null = null;

  /** `earlier`: what was taken before an interruption. */
  constructor(sizeBytes: number, earlier: readonly TrailEntry[], everyBytes = pointEveryBytes(sizeBytes)) {
    this.#everyBytes = everyBytes;
    const lastPoint = earlier
      .flatMap((entry) => entry.points.map((point) => point.decoder.compressedBytes))
      .at(-1);
    this.#next = (lastPoint ?? 0) + everyBytes;
    for (const { paths, allDistinct } of earlier) this.#paths.restore(paths, allDistinct);
  }

  /** A point may be made at the begin of the next slice: the decoder stands there. */
  offer(state: DecoderState): void {
    this.#candidate = state.compressedBytes >= this.#next ? state : null;
  }

  /** How many bytes of the slice come before the point that is due; null when none is, or none can be made here. */
  bytesToPoint(
    slice: { readonly outputStart: number; readonly memberEnd: number | null },
    tar: TarReader,
    sink: EntrySink,
  ): number | null {
    const candidate = this.#candidate;
    if (candidate?.outputBytes !== slice.outputStart || tar.offset !== slice.outputStart) return null;
    if (!sink.canBeCut) return null;
    const { entry, entryOffset } = tar;
    const bytes =
      entry === null ? 0 : Math.min(entry.sizeBytes - entryOffset, -entryOffset & (partBytes - 1));
    // Up to here no member may have ended: its checksum would begin anew.
    return slice.memberEnd !== null && slice.memberEnd <= slice.outputStart + bytes ? null : bytes;
  }

  /** The reader has passed `bytes`, those that `bytesToPoint` asked for. */
  makePoint(bytes: Uint8Array, tar: TarReader, sink: EntrySink): void {
    const candidate = this.#candidate;
    if (candidate === null) return;
    this.#points.push({
      decoder: encodeDecoder(candidate),
      tar: tar.state(),
      memberCrc: candidate.codec === 'gzip' ? crc32(bytes, candidate.crc) : null,
      fileHash: sink.savedHash,
    });
    this.#candidate = null;
    this.#next = candidate.compressedBytes + this.#everyBytes;
  }

  addPath(path: string): void {
    this.#paths.add(path);
  }

  /** Since the last call. */
  take(): TrailEntry {
    const points = this.#points;
    this.#points = [];
    return { points, paths: this.#paths.takeAdded(), allDistinct: this.#paths.allDistinct };
  }
}
