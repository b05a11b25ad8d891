/**
 * s3rver 5.0 as a real S3 store behaves, in the points where it does not and a backup tool notices:
 * paging, folders, `&` in keys, signatures of bucket requests, If-Match. It ships no types.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';

interface KoaContext {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly response: { get(name: string): string; remove(name: string): void };
  status: number;
  type: string;
  body: unknown;
  get(name: string): string;
}
interface ListOptions {
  readonly delimiter?: string;
  readonly startAfter?: string;
  readonly prefix?: string;
  readonly maxKeys?: number;
}
interface ListResult {
  readonly objects: readonly { readonly key: string }[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
}
interface Store {
  listObjects(bucket: string, options: ListOptions): Promise<ListResult>;
}
export interface S3rver {
  readonly middleware: ((ctx: KoaContext, next: () => Promise<void>) => Promise<void>)[];
  readonly store: Store;
  run(): Promise<{ port: number }>;
  close(): Promise<void>;
}
interface V4 {
  getStringToSign(canonical: { uri: string; headers: IncomingHttpHeaders }, request: unknown): string;
}

const require = createRequire(import.meta.url);
const S3rverServer = require('@20minutes/s3rver') as new (
  options: Readonly<Record<string, unknown>>,
) => S3rver;

/** Continuation tokens are made with DES, which OpenSSL 3 no longer has: triple DES with one key thrice is the same. */
function giveDesBack(): void {
  const crypto = require('node:crypto') as Record<string, (...values: unknown[]) => unknown>;
  for (const name of ['createCipheriv', 'createDecipheriv']) {
    const original = crypto[name];
    if (original === undefined) continue;
    crypto[name] = (algorithm, key, ...rest) =>
      algorithm === 'des'
        ? original('des-ede3-cbc', Buffer.concat([key as Buffer, key as Buffer, key as Buffer]), ...rest)
        : original(algorithm, key, ...rest);
  }
}

/** Path of each request as it was sent, by its headers, which is all that the signature's code gets to see. */
const paths = new WeakMap<IncomingHttpHeaders, string>();

/** The SDK signs a request for a bucket with a `/` at the end; s3rver checks it without. */
function signAsSent(): void {
  const v4 = require('@20minutes/s3rver/lib/signature/v4.js') as V4;
  const getStringToSign = v4.getStringToSign;
  v4.getStringToSign = (canonical, request) => {
    const slash = paths.get(canonical.headers)?.endsWith('/') && !canonical.uri.endsWith('/') ? '/' : '';
    return getStringToSign({ ...canonical, uri: canonical.uri + slash }, request);
  };
}

async function rememberPath(ctx: KoaContext, next: () => Promise<void>): Promise<void> {
  paths.set(ctx.headers, ctx.path);
  await next();
}

/** Its XML is escaped twice. */
async function unescapeOnce(ctx: KoaContext, next: () => Promise<void>): Promise<void> {
  await next();
  if (typeof ctx.body === 'string')
    ctx.body = ctx.body.replace(/&amp;(?=(?:amp|lt|gt|quot|apos|#\w+);)/g, '&');
}

async function honourIfMatch(ctx: KoaContext, next: () => Promise<void>): Promise<void> {
  await next();
  const wanted = ctx.get('If-Match');
  const found = ctx.response.get('ETag');
  if (wanted === '' || wanted === '*' || found === '' || wanted === found || ctx.status >= 300) return;
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return;
  (ctx.body as { destroy?: () => void } | null)?.destroy?.();
  ctx.response.remove('Content-Range');
  ctx.response.remove('Content-Length');
  ctx.status = 412;
  ctx.type = 'application/xml';
  ctx.body =
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>PreconditionFailed</Code>' +
    '<Message>At least one of the pre-conditions you specified did not hold</Message><Condition>If-Match</Condition></Error>';
}

/** With a delimiter, s3rver does not see a folder that holds only folders: list flat, and group as S3 does. */
function groupAsS3(store: Store): void {
  const flat = store.listObjects.bind(store);
  /** A page at a time: it opens files for all objects of a listing at once. */
  async function* allOf(bucket: string, options: ListOptions) {
    for (let { startAfter } = options; ; ) {
      const page = await flat(bucket, { ...options, maxKeys: 1000, ...(startAfter && { startAfter }) });
      yield* page.objects;
      startAfter = page.objects.at(-1)?.key;
      if (!page.isTruncated || startAfter === undefined) return;
    }
  }
  store.listObjects = async (bucket, { delimiter, maxKeys = 1000, ...options }) => {
    if (!delimiter) return flat(bucket, { maxKeys, ...options });
    const folders = new Set<string>();
    const objects: { readonly key: string }[] = [];
    for await (const object of allOf(bucket, options)) {
      const cut = object.key.indexOf(delimiter, (options.prefix ?? '').length);
      if (cut === -1) objects.push(object);
      else folders.add(object.key.slice(0, cut + delimiter.length));
    }
    return {
      objects: objects.slice(0, maxKeys),
      commonPrefixes: [...folders].sort(),
      isTruncated: objects.length > maxKeys,
    };
  };
}

giveDesBack();
signAsSent();

/** A server on 127.0.0.1, not yet listening. Buckets are folders of `directory`. */
export function createS3rver(options: {
  directory: string;
  port?: number;
  buckets?: readonly string[];
  allowMismatchedSignatures?: boolean;
}): S3rver {
  const server = new S3rverServer({
    address: '127.0.0.1',
    port: options.port ?? 0,
    silent: true,
    directory: options.directory,
    vhostBuckets: false,
    allowMismatchedSignatures: options.allowMismatchedSignatures ?? false,
    configureBuckets: (options.buckets ?? []).map((name) => ({ name, configs: [] })),
  });
  server.middleware.unshift(rememberPath, honourIfMatch, unescapeOnce);
  groupAsS3(server.store);
  return server;
}
