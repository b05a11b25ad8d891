import { StringDecoder } from 'node:string_decoder';
import { OdoError } from '../errors/odo-error.ts';

export type StreamName = 'stdout' | 'stderr';

export interface OutputChunk {
  readonly stream: StreamName;
  readonly bytes: Buffer;
}

export interface OutputLine {
  readonly stream: StreamName;
  /** Without its line end. */
  readonly text: string;
}

const headerBytes = 8;

/**
 * Takes apart the engine's multiplexed stream (API: "Attach to a container", stream format): per frame one
 * byte of stream type, three zero bytes, the length (u32 BE). A container with a terminal sends plain bytes,
 * which shows in the first header; all of it is then stdout. dockerode's own demuxStream copies its buffer
 * once a frame and takes a stream that was cut for a complete one.
 */
export async function* demultiplex(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<OutputChunk> {
  let header = Buffer.alloc(0);
  let remaining = 0;
  let stream: StreamName = 'stdout';
  let isPlain = false;
  let isFirst = true;
  for await (const piece of source) {
    let bytes = Buffer.from(piece as Uint8Array);
    while (bytes.length > 0) {
      if (isPlain || remaining > 0) {
        const part = isPlain ? bytes : bytes.subarray(0, remaining);
        remaining = isPlain ? 0 : remaining - part.length;
        bytes = bytes.subarray(part.length);
        yield { stream, bytes: part };
        continue;
      }
      const missing = headerBytes - header.length;
      header = Buffer.concat([header, bytes.subarray(0, missing)]);
      bytes = bytes.subarray(missing);
      if (isFirst && !looksLikeHeader(header)) {
        isPlain = true;
        bytes = Buffer.concat([header, bytes]);
        header = Buffer.alloc(0);
        continue;
      }
      if (header.length < headerBytes) continue;
      isFirst = false;
      stream = header[0] === 2 ? 'stderr' : 'stdout';
      remaining = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
  if (remaining > 0 || header.length > 0) {
    throw new OdoError('ENGINE_FAILED', 'The Docker engine ended an output stream in the middle.');
  }
}

/** Also for a part of one. */
function looksLikeHeader(header: Buffer): boolean {
  return header.every((byte, index) => (index === 0 ? byte <= 2 : index > 3 || byte === 0));
}

/** Whole lines of each stream, in the order in which their ends arrived; the last may lack its line end. */
export async function* linesOf(chunks: AsyncIterable<OutputChunk>): AsyncGenerator<OutputLine> {
  const rest = { stdout: '', stderr: '' };
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  for await (const { stream, bytes } of chunks) {
    const lines = (rest[stream] + decoders[stream].write(bytes)).split('\n');
    rest[stream] = lines.pop() ?? '';
    for (const line of lines) yield { stream, text: line.replace(/\r$/, '') };
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const text = rest[stream] + decoders[stream].end();
    if (text !== '') yield { stream, text };
  }
}
