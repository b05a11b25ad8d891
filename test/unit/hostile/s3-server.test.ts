import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/errors/codes.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { fetchOnce } from '../../../src/storage/http-fetch.ts';
import { readObject } from '../../../src/storage/object-reader.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { all } from '../../support/all.ts';
import {
  type ListedObject,
  type LyingStore,
  lyingStorage,
  page,
  sendWithoutEnd,
  sendXml,
  startLyingStore,
} from './lying-store.ts';

const signal = AbortSignal.timeout(50_000);
const list = (storage: ObjectStorage, prefix = 'pg/') => all(storage.list(prefix, { signal }));

/** The code of the failure, null when there was none; what is no error of odo fails the test. */
async function codeOf(work: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await work;
    return null;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || code === 'BUG') throw error;
    return code;
  }
}

/** One listing of a server that sends these pages, the last one for ever. */
async function listed(...pages: ((number: number) => string)[]) {
  await using store = await startLyingStore((_request, response, number) => {
    sendXml(response, (pages[number - 1] ?? pages.at(-1)!)(number));
  });
  const storage = lyingStorage(store);
  const found: ListedObject[] = [];
  const code = await codeOf(list(storage).then((objects) => found.push(...objects)));
  storage.close();
  return { code, requests: store.requests, found };
}

describe('a listing without an end', () => {
  it('of the same page and token again is given up', async () => {
    const { code, requests } = await listed(() => page([{ key: 'pg/a' }], { token: 'again' }));
    expect(code).toBe('STORAGE_UNAVAILABLE');
    expect(requests).toBeLessThan(5);
  });

  it('of the same page with ever new tokens is given up', async () => {
    const { code, requests } = await listed((number) => page([{ key: 'pg/a' }], { token: `t${number}` }));
    expect(code).toBe('STORAGE_UNAVAILABLE');
    expect(requests).toBeLessThan(1100);
  });

  it('of empty pages with ever new tokens is given up', async () => {
    const { code, requests } = await listed((number) => page([], { token: `t${number}` }));
    expect(code).toBe('STORAGE_UNAVAILABLE');
    expect(requests).toBeLessThan(1100);
  });

  it('that turns between two pages is given up', async () => {
    const { code, requests } = await listed((number) =>
      page([{ key: number % 2 === 0 ? 'pg/a' : 'pg/b' }], { token: `t${number}` }),
    );
    expect(code).toBe('STORAGE_UNAVAILABLE');
    expect(requests).toBeLessThan(1100);
  });

  it('is none where a few pages are empty', async () => {
    const pages = Array.from({ length: 30 }, (_, i) => () => page([], { token: `t${i}` }));
    const { code, found } = await listed(...pages, () => page([{ key: 'pg/a' }]));
    expect([code, found.map(({ key }) => key)]).toEqual([null, ['pg/a']]);
  });

  it('in one answer is broken off before it fills the memory', async () => {
    let store: LyingStore | null = null;
    await using started = await startLyingStore((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/xml' });
      sendWithoutEnd(() => store!, response, '<?xml version="1.0"?><ListBucketResult>');
    });
    store = started;
    const storage = lyingStorage(store);
    expect(await codeOf(list(storage))).toBe('STORAGE_UNAVAILABLE');
    expect(store.sentBytes).toBeLessThan(100 * 1024 * 1024);
    storage.close();
  });

  it('in one refusal is broken off as well, of a listing, folders and a range', async () => {
    let store: LyingStore | null = null;
    await using started = await startLyingStore((_request, response) => {
      response.writeHead(500, { 'content-type': 'application/xml' });
      sendWithoutEnd(() => store!, response, '<?xml version="1.0"?><Error>');
    });
    store = started;
    const storage = lyingStorage(store);
    const object = { key: 'pg/base.tar', etag: 'abc', sizeBytes: 5 };
    for (const work of [
      () => list(storage),
      () => storage.listFolders('pg/', signal),
      () => all(readObject(storage, object, { signal, retries: 0 })),
    ]) {
      store.sentBytes = 0;
      expect(await codeOf(work())).toBe('STORAGE_UNAVAILABLE');
      expect(store.sentBytes).toBeLessThan(400 * 1024 * 1024);
    }
    storage.close();
  });
});

describe('a refusal without an end', () => {
  it('of a store that is asked without an SDK is broken off', async () => {
    let store: LyingStore | null = null;
    await using started = await startLyingStore((_request, response) => {
      response.writeHead(500);
      sendWithoutEnd(() => store!, response, '<Error>');
    });
    store = started;
    const attempt = { store: 'web', bucket: 'b', endpoint: store.endpoint, key: null } as const;
    const asking = fetchOnce(store.endpoint, { attempt, signal, headers: {}, answerTimeoutMs: 30_000 });
    expect(await codeOf(asking)).toBe('STORAGE_UNAVAILABLE');
    expect(store.sentBytes).toBeLessThan(30 * 1024 * 1024);
  });
});

describe('a listing that lies', () => {
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
    '',
  );
  const doctype = `<!DOCTYPE l [<!ENTITY l0 "ha">${laughs}]>`;

  it.each<[string, string]>([
    ['entities of entities (a billion laughs)', page([{ key: 'pg/&l9;' }], { before: doctype })],
    [
      'an entity of a file of this host',
      page([{ key: 'pg/&x;' }], { before: '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>' }),
    ],
    ['HTML', '<!DOCTYPE html><html><body><h1>It works!<p>Log in first</body></html>'],
    ['JSON', '{"Contents": [{"Key": "pg/a"}]}'],
    ['nothing', ''],
    ['bytes', '\0\u0001\u0002<<<>>>&&&'],
    ['half a page', page([{ key: 'pg/a' }, { key: 'pg/b' }]).slice(0, 300)],
    ['deep nesting', `<ListBucketResult>${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}</ListBucketResult>`],
    ['a size below zero', page([{ key: 'pg/a', size: '-1' }])],
    ['a size beyond 2^53', page([{ key: 'pg/a', size: '9223372036854775808' }])],
    ['a size that is no number', page([{ key: 'pg/a', size: 'many' }])],
    ['a size that is a fraction', page([{ key: 'pg/a', size: '1.5' }])],
    ['a time that is none', page([{ key: 'pg/a', modified: 'yesterday' }])],
    ['a time beyond all calendars', page([{ key: 'pg/a', modified: '9999999-01-01T00:00:00Z' }])],
    ['a key outside of what was asked for', page([{ key: 'other/a' }])],
    ['a key that leads out of it', page([{ key: '../pg/a' }])],
  ])('never gets further than an error or an object that can be: %s', async (_, xml) => {
    const { code, requests, found } = await listed(() => xml);
    if (code !== null) expect(code).toBe('STORAGE_UNAVAILABLE');
    for (const { key } of found) {
      expect(key.startsWith('pg/')).toBe(true);
      expect(key.length).toBeLessThan(1000);
      expect(key).not.toContain('root:');
    }
    for (const object of found as unknown as { sizeBytes: number; modifiedAt: string }[]) {
      expect(Number.isSafeInteger(object.sizeBytes) && object.sizeBytes >= 0).toBe(true);
      expect(Number.isNaN(Date.parse(object.modifiedAt))).toBe(false);
    }
    expect(requests).toBeLessThan(5);
  });

  it.each([
    ['a size below zero', page([{ key: 'pg/a', size: '-1' }])],
    ['a key outside of what was asked for', page([{ key: 'other/a' }])],
    ['HTML', '<!DOCTYPE html><html><body><h1>It works!</h1></body></html>'],
    ['HTML that is no XML', '<!DOCTYPE html><html><body><h1>It works!<p>Log in first</body></html>'],
    ['JSON', '{"Contents": [{"Key": "pg/a"}]}'],
    ['nothing', ''],
    ['half a page', page([{ key: 'pg/a' }, { key: 'pg/b' }]).slice(0, 300)],
    ['another document', '<?xml version="1.0"?><ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>'],
  ])('is refused for %s', async (_, xml) => {
    expect((await listed(() => xml)).code).toBe('STORAGE_UNAVAILABLE');
  });

  it('names no folder outside of what was asked for', async () => {
    await using store = await startLyingStore((_request, response) => {
      const folder = '<CommonPrefixes><Prefix>../etc/</Prefix></CommonPrefixes>';
      sendXml(response, page([], { extra: folder }));
    });
    const storage = lyingStorage(store);
    expect(await codeOf(storage.listFolders('pg/', signal))).toBe('STORAGE_UNAVAILABLE');
    storage.close();
  });
});

describe('a range that lies', () => {
  const object = { key: 'pg/base.tar', etag: 'abc', sizeBytes: 10 };
  const right = { etag: '"abc"', 'content-range': 'bytes 0-9/10', 'content-length': '10' };
  const sends = (headers: Record<string, string>, body = '0123456789', status = 206) => {
    return (response: ServerResponse) => {
      // By hand: node:http would not let these out.
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      response.socket?.end(`HTTP/1.1 ${status} OK\r\n${lines.join('')}\r\n${body}`, 'latin1');
    };
  };

  async function read(answer: (response: ServerResponse) => void) {
    await using store = await startLyingStore((_request, response) => answer(response));
    const storage = lyingStorage(store);
    let got = Buffer.alloc(0);
    const reading = all(readObject(storage, object, { signal, retries: 1, retryDelayMs: 1, stallMs: 500 }));
    const code = await codeOf(
      reading.then((chunks) => {
        got = Buffer.concat(chunks);
      }),
    );
    storage.close();
    return { code, text: got.toString(), requests: store.requests };
  }

  it('is read when it does not', async () => {
    expect(await read(sends(right))).toMatchObject({ code: null, text: '0123456789' });
  });

  it.each<[string, ErrorCode, (response: ServerResponse) => void]>([
    ['another ETag', 'OBJECT_CHANGED', sends({ ...right, etag: '"other"' })],
    ['the whole object', 'STORAGE_UNAVAILABLE', sends(right, '0123456789', 200)],
    ['another range', 'STORAGE_UNAVAILABLE', sends({ ...right, 'content-range': 'bytes 5-14/20' })],
    ['a range that is none', 'STORAGE_UNAVAILABLE', sends({ ...right, 'content-range': 'bytes */10' })],
    ['a range below zero', 'STORAGE_UNAVAILABLE', sends({ ...right, 'content-range': 'bytes -5-5/10' })],
    ['no range', 'STORAGE_UNAVAILABLE', sends({ etag: '"abc"', 'content-length': '10' })],
    ['a length below zero', 'STORAGE_UNAVAILABLE', sends({ ...right, 'content-length': '-10' })],
    ['two lengths', 'STORAGE_UNAVAILABLE', sends({ ...right, 'content-length': '10, 11' })],
    ['a length of 2^63', 'STORAGE_UNAVAILABLE', sends({ ...right, 'content-length': '9223372036854775808' })],
    [
      'a longer length than it sends',
      'STORAGE_UNAVAILABLE',
      sends({ ...right, 'content-length': '999' }, '01'),
    ],
    [
      'a shorter length than was asked for',
      'STORAGE_UNAVAILABLE',
      sends({ ...right, 'content-length': '2' }, '01'),
    ],
    ['HTML', 'STORAGE_UNAVAILABLE', sends({ 'content-type': 'text/html' }, '<html>Log in</html>', 200)],
    ['an unknown coding', 'STORAGE_UNAVAILABLE', sends({ ...right, 'transfer-encoding': 'gzip' })],
    [
      'chunks without sizes',
      'STORAGE_UNAVAILABLE',
      sends({ etag: '"abc"', 'content-range': 'bytes 0-9/10', 'transfer-encoding': 'chunked' }, 'zz\r\n'),
    ],
    ['headers without an end', 'STORAGE_UNAVAILABLE', sends({ 'x-long': 'a'.repeat(100_000) })],
    [
      'no HTTP',
      'STORAGE_UNAVAILABLE',
      (response) => response.socket?.end('220 ftp.example.com ready\r\n\r\n'),
    ],
    ['a redirect elsewhere', 'CONFIG_INVALID', sends({ location: 'http://169.254.169.254/' }, '', 301)],
  ])('ends in an error that says so: %s', async (_, expected, answer) => {
    const { code, requests } = await read(answer);
    expect(code).toBe(expected);
    expect(requests).toBeLessThan(8);
  });

  it('gives no byte more than was asked for', async () => {
    const long = sends({ ...right, 'content-length': '1000000' }, '0123456789'.repeat(100_000));
    expect(await read(long)).toMatchObject({ code: null, text: '0123456789' });
  });
});
