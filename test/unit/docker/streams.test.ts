import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demultiplex, linesOf, type OutputChunk, type StreamName } from '../../../src/docker/streams.ts';

function frame(stream: StreamName, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content as string);
  const header = Buffer.from([stream === 'stdout' ? 1 : 2, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

async function collect(source: AsyncIterable<OutputChunk>): Promise<Record<StreamName, string>> {
  const parts: Record<StreamName, Buffer[]> = { stdout: [], stderr: [] };
  for await (const { stream, bytes } of source) parts[stream].push(bytes);
  return {
    stdout: Buffer.concat(parts.stdout).toString('latin1'),
    stderr: Buffer.concat(parts.stderr).toString('latin1'),
  };
}

describe('the engine’s multiplexed stream', () => {
  it('comes apart the same wherever the connection cut it', async () => {
    const frames = fc.array(
      fc.tuple(fc.constantFrom<StreamName>('stdout', 'stderr'), fc.uint8Array({ maxLength: 40 })),
    );
    await fc.assert(
      fc.asyncProperty(frames, fc.array(fc.integer({ min: 0, max: 20 })), async (wanted, sizes) => {
        const bytes = Buffer.concat(wanted.map(([stream, content]) => frame(stream, content)));
        const expected = (name: StreamName) =>
          Buffer.concat(wanted.filter(([stream]) => stream === name).map(([, content]) => content)).toString(
            'latin1',
          );
        expect(await collect(demultiplex(pieces(bytes, sizes)))).toEqual({
          stdout: expected('stdout'),
          stderr: expected('stderr'),
        });
      }),
    );
  });

  it('is an error when it ends inside a frame or a header', async () => {
    const bytes = frame('stdout', 'content');
    for (const length of [3, 8, 14]) {
      await expect(collect(demultiplex(pieces(bytes.subarray(0, length), [])))).rejects.toMatchObject({
        code: 'ENGINE_FAILED',
      });
    }
  });

  it('is plain output where the container has a terminal', async () => {
    const text = 'database system is ready\r\n';
    expect(await collect(demultiplex(pieces(Buffer.from(text), [4])))).toEqual({ stdout: text, stderr: '' });
  });

  it('gives whole lines of each stream, also when their bytes come in turns', async () => {
    const bytes = Buffer.concat([
      frame('stderr', 'LOG:  star'),
      frame('stdout', 'one\ntwo'),
      frame('stderr', Buffer.from('ting ü').subarray(0, 6)),
      frame('stderr', Buffer.concat([Buffer.from('ü').subarray(1), Buffer.from('\r\nlast')])),
      frame('stdout', '\n\n'),
    ]);
    const lines = await Array.fromAsync(linesOf(demultiplex(pieces(bytes, []))));
    expect(lines).toEqual([
      { stream: 'stdout', text: 'one' },
      { stream: 'stderr', text: 'LOG:  starting ü' },
      { stream: 'stdout', text: 'two' },
      { stream: 'stdout', text: '' },
      { stream: 'stderr', text: 'last' },
    ]);
  });
});
