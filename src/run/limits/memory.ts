import { totalmem } from 'node:os';
import { cgroupLimits } from './cgroup.ts';

const MiB = 1024 ** 2;

/** Smallest and largest budget that odo takes by itself. More buys no speed that was ever measured. @unit bytes */
const least = 64 * MiB;
const most = 256 * MiB;

/** One slice of decoded output. @unit bytes */
export const slotBytes = MiB;

/** A decoder with less stalls the writer at every small file, or the network at every range. */
const leastSlots = 4;
const leastReadAheadBytes = 4 * MiB;
/** Enough slices to write while the next are decoded; ranges in flight for a store that is far away. */
const mostSlots = 16;
const mostReadAheadBytes = 24 * MiB;

/**
 * Memory for the buffers of reading, decoding and writing: what the operator said, or a quarter of what this process
 * may have. Everything else of odo (runtime, journal, listings) comes on top. @unit bytes
 */
export function memoryBudget(givenBytes: number | null, availableBytes = availableMemory()): number {
  return givenBytes ?? Math.min(most, Math.max(least, Math.floor(availableBytes / 4)));
}

/** Of the host, or of the control group where that is less. @unit bytes */
export function availableMemory(
  hostBytes = totalmem(),
  // 0 or an enormous number: Node sees no limit.
  seenBytes = process.constrainedMemory(),
  groupBytes: number | null = cgroupLimits().memoryBytes,
): number {
  return Math.min(hostBytes, seenBytes || hostBytes, groupBytes ?? hostBytes);
}

export interface MemoryShare {
  /** Decoders at the same time; fewer than wanted when memory is short. */
  readonly decoders: number;
  /** Compressed bytes that one decoder may have read or asked for. @unit bytes */
  readonly readAheadBytes: number;
  /** Decoded slices of `slotBytes` that one decoder may have under way to the writer, which writes out of them. */
  readonly outputSlots: number;
}

/**
 * Divides a budget evenly among decoders. A decoder gets 4 to 16 slots, a quarter of its share where that is in
 * between, and reads ahead with the rest, 4 to 24 MiB. Where a share would be less than 8 MiB, fewer decoders work;
 * one always does, also below its minimum of 8 MiB.
 */
export function divideMemory(budgetBytes: number, decoders: number): MemoryShare {
  const needed = leastSlots * slotBytes + leastReadAheadBytes;
  const working = Math.max(1, Math.min(decoders, Math.floor(budgetBytes / needed)));
  const share = Math.floor(budgetBytes / working);
  const outputSlots = clamp(Math.floor(share / 4 / slotBytes), leastSlots, mostSlots);
  const readAheadBytes = clamp(share - outputSlots * slotBytes, leastReadAheadBytes, mostReadAheadBytes);
  return { decoders: working, readAheadBytes, outputSlots };
}

const clamp = (value: number, from: number, to: number): number => Math.min(to, Math.max(from, value));
