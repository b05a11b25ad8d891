import { numbersFrom } from './gzip-samples.ts';

/** First length and extra bits of the symbols from 257 on, first distance and extra bits of those from 0 on (RFC 1951, 3.2.5). */
const lengths = extended(
  [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 16, 16, 16, 16, 32, 32, 32, 31],
  3,
);
const distances = extended(
  Array.from({ length: 30 }, (_, symbol) => 2 ** Math.max(0, Math.floor(symbol / 2) - 1)),
  1,
);

function extended(spans: readonly number[], first: number): { base: number; extra: number }[] {
  let base = first;
  return spans.map((span) => {
    const symbol = { base, extra: Math.ceil(Math.log2(span)) };
    base += span;
    return symbol;
  });
}

/** Bits from the lowest of a byte on; a Huffman code from its highest on. */
class BitWriter {
  readonly #bits: number[] = [];

  put(value: number, count: number): void {
    for (let bit = 0; bit < count; bit++) this.#bits.push((value >> bit) & 1);
  }

  code({ value, count }: Code): void {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push((value >> bit) & 1);
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    for (const [at, bit] of this.#bits.entries()) bytes[at >> 3]! |= bit << (at & 7);
    return bytes;
  }
}

interface Code {
  readonly value: number;
  readonly count: number;
}

/** By code length, then by symbol (RFC 1951, 3.2.2). */
function canonicalCodes(counts: readonly number[]): Code[] {
  const codes: Code[] = counts.map((count) => ({ value: 0, count }));
  let next = 0;
  for (let count = 1; count <= 15; count++) {
    for (const [symbol, of] of counts.entries()) if (of === count) codes[symbol] = { value: next++, count };
    next <<= 1;
  }
  return codes;
}

/** Code lengths 1 to 14 once and 15 twice, for sixteen of the symbols at random: the longest codes there can be. */
function skewed(symbols: readonly number[], size: number, below: (below: number) => number): number[] {
  const counts = Array.from({ length: size }, () => 0);
  const left = [...symbols];
  for (let count = 1; count <= 16; count++)
    counts[left.splice(below(left.length), 1)[0]!] = Math.min(count, 15);
  return counts;
}

/**
 * A raw deflate stream as no compressor writes it: long codes and many extra bits come as often as short ones, so that a
 * length and its distance take up to 48 bits.
 */
export function skewedDeflate(seed: number, outputBytes: number): Buffer {
  const below = numbersFrom(seed);
  const out = new BitWriter();
  let size = 0;
  const blocks = 3;
  for (let block = 1; block <= blocks; block++) {
    const literals = [97, 98, 99, 100, 0, 255, 7, 200];
    const litlen = skewed([...literals, 256, 257, 258, 265, 276, 281, 283, 284], 286, below);
    const dist = skewed([0, 1, 3, 5, 9, 14, 16, 19, 20, 22, 24, 25, 26, 27, 28, 29], 30, below);
    out.put(block === blocks ? 1 : 0, 1);
    out.put(2, 2);
    out.put(286 - 257, 5);
    out.put(30 - 1, 5);
    out.put(19 - 4, 4);
    // Four bits for each of the code lengths 0 to 15, and no repetitions: in the order 16, 17, 18, 0, 8, …
    for (let at = 0; at < 19; at++) out.put(at < 3 ? 0 : 4, 3);
    for (const count of [...litlen, ...dist]) out.code({ value: count, count: 4 });
    const [litlenCodes, distCodes] = [canonicalCodes(litlen), canonicalCodes(dist)];
    const usedLengths = lengths.flatMap((_, i) => (litlen[257 + i]! > 0 ? [i] : []));
    const usedDistances = distances.flatMap((_, i) => (dist[i]! > 0 ? [i] : []));
    while (size < (outputBytes * block) / blocks) {
      const [l, d] = [usedLengths[below(usedLengths.length)]!, usedDistances[below(usedDistances.length)]!];
      const distanceExtra = below(2 ** distances[d]!.extra);
      if (below(3) === 0 || distances[d]!.base + distanceExtra > size) {
        out.code(litlenCodes[literals[below(literals.length)]!]!);
        size++;
        continue;
      }
      const lengthExtra = below(2 ** lengths[l]!.extra - (l === 27 ? 1 : 0));
      out.code(litlenCodes[257 + l]!);
      out.put(lengthExtra, lengths[l]!.extra);
      out.code(distCodes[d]!);
      out.put(distanceExtra, distances[d]!.extra);
      size += lengths[l]!.base + lengthExtra;
    }
    out.code(litlenCodes[256]!);
  }
  return out.bytes();
}
