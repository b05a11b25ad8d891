/**
 * The S3 store of the bench, a child of store.ts: hands out what the lab's S3 server has stored, to every contender
 * alike. Read-only, no signatures, one file stream per request: it should cost as little of the machine's few cores as a
 * server can, so that what differs between two contenders is theirs.
 */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const directory = process.env.STORE_DIR;
if (directory === undefined) throw new Error('STORE_DIR is not set');

/** s3rver keeps an object in this file, and its MD5 beside it. */
const objectSuffix = '._S3rver_object';

interface StoredFile {
  readonly key: string;
  readonly file: string;
  readonly size: number;
  readonly etag: string;
  readonly modified: Date;
}

/** Every bucket's objects in the order of their keys; they do not change while the bench runs. */
async function scan(root: string): Promise<Map<string, StoredFile[]>> {
  const buckets = new Map<string, StoredFile[]>();
  for (const bucket of await readdir(root)) {
    const files: StoredFile[] = [];
    for (const name of await readdir(join(root, bucket), { recursive: true })) {
      if (!name.endsWith(objectSuffix)) continue;
      const file = join(root, bucket, name);
      const [facts, md5] = await Promise.all([stat(file), readFile(`${file}.md5`, 'utf8')]);
      const key = name.slice(0, -objectSuffix.length);
      files.push({ key, file, size: facts.size, etag: `"${md5.trim()}"`, modified: facts.mtime });
    }
    buckets.set(
      bucket,
      files.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))),
    );
  }
  return buckets;
}

const buckets = await scan(directory);
const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>\n';
const escapeXml = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

function answerXml(response: ServerResponse, status: number, xml: string): void {
  const body = xmlHead + xml;
  response.writeHead(status, {
    'Content-Type': 'application/xml',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

const refuse = (response: ServerResponse, status: number, code: string) =>
  answerXml(response, status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);

/** ListObjectsV2, in one page: a bench has few objects. */
function list(
  response: ServerResponse,
  bucket: string,
  files: readonly StoredFile[],
  query: URLSearchParams,
): void {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const after = query.get('start-after') ?? '';
  const folders = new Set<string>();
  const contents: string[] = [];
  for (const { key, size, etag, modified } of files) {
    if (!key.startsWith(prefix) || key <= after) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut !== -1) folders.add(key.slice(0, cut + delimiter.length));
    else
      contents.push(
        `<Contents><Key>${escapeXml(key)}</Key><LastModified>${modified.toISOString()}</LastModified>` +
          `<ETag>${escapeXml(etag)}</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
      );
  }
  const prefixes = [...folders].map(
    (name) => `<CommonPrefixes><Prefix>${escapeXml(name)}</Prefix></CommonPrefixes>`,
  );
  answerXml(
    response,
    200,
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name><Prefix>${escapeXml(prefix)}</Prefix>` +
      `<KeyCount>${contents.length + prefixes.length}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>` +
      `${contents.join('')}${prefixes.join('')}</ListBucketResult>`,
  );
}

async function sendObject(
  request: IncomingMessage,
  response: ServerResponse,
  found: StoredFile,
): Promise<void> {
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && wanted !== '*' && wanted !== found.etag) {
    refuse(response, 412, 'PreconditionFailed');
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(range?.[2] ? Number(range[2]) : Number.POSITIVE_INFINITY, found.size - 1);
  if (range !== null && start >= found.size) {
    refuse(response, 416, 'InvalidRange');
    return;
  }
  response.writeHead(range === null ? 200 : 206, {
    'Content-Type': 'binary/octet-stream',
    'Content-Length': end - start + 1,
    'Accept-Ranges': 'bytes',
    ETag: found.etag,
    'Last-Modified': found.modified.toUTCString(),
    ...(range === null ? {} : { 'Content-Range': `bytes ${start}-${end}/${found.size}` }),
  });
  if (request.method === 'HEAD' || found.size === 0) {
    response.end();
    return;
  }
  await pipeline(createReadStream(found.file, { start, end, highWaterMark: 1024 * 1024 }), response);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://store');
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const files = buckets.get(bucket);
  if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405, 'MethodNotAllowed');
  else if (files === undefined) refuse(response, 404, 'NoSuchBucket');
  else if (key !== '') {
    const found = files.find((file) => file.key === key);
    if (found === undefined) refuse(response, 404, 'NoSuchKey');
    else await sendObject(request, response, found);
  } else if (request.method === 'HEAD') response.writeHead(200).end();
  else if (url.searchParams.has('location')) answerXml(response, 200, '<LocationConstraint/>');
  else list(response, bucket, files, url.searchParams);
}

const server = createServer((request, response) => {
  // A reader that goes away in the middle is nothing to report: it was killed on purpose.
  serve(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.on('end', () => process.exit(0)).resume();
