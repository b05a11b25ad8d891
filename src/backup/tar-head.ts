/** One member of a tar as a scan from its beginning sees it. */
export interface TarMember {
  /** Without a leading `./` or `/`. */
  readonly name: string;
  /** Tar's type flag; `0` is a file, `5` a directory. */
  readonly type: string;
  readonly sizeBytes: number;
  /** The member's first bytes, up to the scan's limit. */
  readonly head: Uint8Array;
}

const blockBytes = 512;

/** A byte stream read by counts; gives less only at its end. */
class Cursor {
  readonly #source: AsyncIterator<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async take(count: number): Promise<Uint8Array> {
    while (this.#buffer.length < count && (await this.#more()));
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.subarray(taken.length);
    return taken;
  }

  async skip(count: number): Promise<boolean> {
    let left = count;
    for (;;) {
      const step = Math.min(left, this.#buffer.length);
      this.#buffer = this.#buffer.subarray(step);
      left -= step;
      if (left === 0) return true;
      if (!(await this.#more())) return false;
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    this.#buffer = this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    return true;
  }
}

function textAt(block: Uint8Array, from: number, length: number): string {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end));
}

/** Octal, or base-256 when the first bit is set (both GNU and PostgreSQL use it for sizes from 8 GiB on). */
function sizeAt(block: Uint8Array): number | null {
  const field = block.subarray(124, 136);
  if ((field[0] ?? 0) & 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = textAt(field, 0, 12).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : null;
}

function hasValidChecksum(block: Uint8Array): boolean {
  const stated = Number.parseInt(textAt(block, 148, 8).trim(), 8);
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return stated === sum;
}

/**
 * Members of a tar from its beginning, for looking at labels and the like; extraction has a reader of its own.
 * Extended headers are skipped: the names looked for are short and stand in the plain header too. Ends at the end
 * of the archive, where the bytes end, and where they are no tar; `ended` then says which.
 */
export async function* scanTarHead(
  source: AsyncIterable<Uint8Array>,
  options: { headBytes: number; ended?: (how: 'archive' | 'cut' | 'garbage') => void },
): AsyncGenerator<TarMember> {
  const cursor = new Cursor(source);
  const end = (how: 'archive' | 'cut' | 'garbage') => options.ended?.(how);
  try {
    for (;;) {
      const block = await cursor.take(blockBytes);
      if (block.length < blockBytes) return end('cut');
      if (block.every((byte) => byte === 0)) return end('archive');
      const sizeBytes = sizeAt(block);
      if (sizeBytes === null || !hasValidChecksum(block)) return end('garbage');
      const head = await cursor.take(Math.min(sizeBytes, options.headBytes));
      const type = textAt(block, 156, 1) || '0';
      if (!['x', 'g', 'L', 'K'].includes(type)) {
        yield { name: textAt(block, 0, 100).replace(/^(?:\.\/|\/)/, ''), type, sizeBytes, head };
      }
      const rest = Math.ceil(sizeBytes / blockBytes) * blockBytes - head.length;
      if (!(await cursor.skip(rest))) return end('cut');
    }
  } finally {
    await cursor.close();
  }
}
