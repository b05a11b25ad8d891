import { describe, expect, it } from 'vitest';
import { freshBlock } from '../../../src/storage/block-pool.ts';
import { type AnswerHead, HttpAnswer } from '../../../src/storage/http-answer.ts';

/** Feeds an answer in pieces, into the room that is asked for, as a socket would. */
function receive(text: string, pieceBytes: number) {
  const heads: AnswerHead[] = [];
  const pieces: Uint8Array[] = [];
  let ends = 0;
  const answer = new HttpAnswer({
    head: (head) => heads.push(head),
    body: (bytes) => pieces.push(bytes),
    end: () => ends++,
    allocate: freshBlock,
  });
  const scratch = new Uint8Array(pieceBytes);
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; ) {
    const room = answer.room() ?? scratch;
    const count = Math.min(pieceBytes, room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + count));
    answer.take(room.subarray(0, count));
    at += count;
  }
  return { answer, heads, ends: () => ends, body: () => Buffer.concat(pieces).toString('latin1') };
}

const pieceSizes = [1, 2, 3, 7, 64, 4096];

describe.each(pieceSizes)('an answer that arrives in pieces of %d bytes', (size) => {
  it('ends with its length', () => {
    const text = 'HTTP/1.1 206 Partial Content\r\nETag: "x"\r\ncontent-length:  11\r\n\r\nhello\r\n\r\n!!';
    const { answer, heads, body, ends } = receive(text, size);
    expect(heads.map(({ status }) => status)).toEqual([206]);
    expect(heads[0]?.headers.get('etag')).toBe('"x"');
    expect(body()).toBe('hello\r\n\r\n!!');
    expect([ends(), answer.keepsAlive]).toEqual([1, true]);
  });

  it('ends with its last chunk', () => {
    const chunks = '5;name=value\r\nhello\r\n00b\r\n\r\n, world\r\n\r\n\r\n0\r\nTrailer: 1\r\n\r\n';
    const { answer, body, ends } = receive(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      size,
    );
    expect(body()).toBe('hello\r\n, world\r\n');
    expect([ends(), answer.keepsAlive]).toEqual([1, true]);
  });

  it('ends with the connection when it has no length', () => {
    const { answer, body, ends } = receive('HTTP/1.1 200 OK\r\n\r\nhello', size);
    expect(ends()).toBe(0);
    expect(answer.closed()).toBe(true);
    expect([body(), ends(), answer.keepsAlive]).toEqual(['hello', 1, false]);
  });

  it('follows answers that only announce it', () => {
    const { heads, body } = receive(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      size,
    );
    expect(heads.map(({ status }) => status)).toEqual([200]);
    expect(body()).toBe('ok');
  });

  it('is not taken for ended when the connection breaks', () => {
    const { answer, ends } = receive('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello', size);
    expect(answer.closed()).toBe(false);
    expect(ends()).toBe(0);
  });

  it('gives the connection up when more follows', () => {
    const { answer, body } = receive('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, more', size);
    expect(body()).toBe('ok');
    expect(answer.keepsAlive).toBe(false);
  });
});

it.each([
  'HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
])('does not use the connection again after %j', (text) => {
  const { answer, ends } = receive(text, 4096);
  expect([ends(), answer.isDone, answer.keepsAlive]).toEqual([1, true, false]);
});

it.each([
  'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n',
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`,
])('refuses %j', (text) => {
  expect(() => receive(text, 1024)).toThrow(expect.objectContaining({ name: 'MalformedAnswer' }));
});
