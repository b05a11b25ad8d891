import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { OdoError } from '../errors/odo-error.ts';

/** Where the next page begins. */
export interface PagePosition {
  readonly ContinuationToken?: string;
  readonly StartAfter?: string;
}

/** Pages in a row that bring nothing behind what was listed: some stores send a few empty ones, none so many. */
const idlePages = 1000;

/**
 * Every page of a listing. Some stores give a truncated page without a token, or the same token again: go on
 * behind the last key then, and stop with an error rather than turn in circles or lose the rest.
 */
export async function* listPages(
  startAfter: string | null,
  place: { readonly bucket: string; readonly place: string; readonly prefix: string },
  fetchPage: (position: PagePosition) => Promise<ListObjectsV2CommandOutput>,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  const seenTokens = new Set<string>();
  const stuck = (): OdoError =>
    new OdoError(
      'STORAGE_UNAVAILABLE',
      `${place.place} says its listing of ${place.bucket} goes on, but does not go on.`,
      {
        hint: 'The store’s listing is broken; try again later or use another endpoint.',
        details: { bucket: place.bucket, prefix: place.prefix },
      },
    );
  let furthest = '';
  let idle = 0;
  let token: string | null = null;
  let after = startAfter;
  for (;;) {
    const page: ListObjectsV2CommandOutput = await fetchPage(
      token !== null ? { ContinuationToken: token } : after !== null ? { StartAfter: after } : {},
    );
    if (isNoListing(page)) throw noListing(place);
    const stray = keysOf(page).find((key) => !key.startsWith(place.prefix));
    if (stray !== undefined) throw strayKey(stray, place);
    yield page;
    if (!page.IsTruncated) return;
    const last = lastOf(page);
    idle = last !== undefined && last > furthest ? 0 : idle + 1;
    if (idle > idlePages) throw stuck();
    if (idle === 0 && last !== undefined) furthest = last;
    const next = page.NextContinuationToken;
    if (next !== undefined && next !== '' && !seenTokens.has(next)) {
      seenTokens.add(next);
      token = next;
      if (last !== undefined) after = last;
      continue;
    }
    // Behind a folder means behind everything in it.
    const behind = last?.endsWith('/') ? `${last}\u{10ffff}` : last;
    if (behind === undefined || (after !== null && token === null && behind <= after)) {
      throw stuck();
    }
    token = null;
    after = behind;
  }
}

function* keysOf(page: ListObjectsV2CommandOutput): Generator<string> {
  for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
  for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix !== undefined) yield Prefix;
}

/** The SDK makes an empty page of a portal's HTML, and "no backups" of that would be a lie. Stores send all of these. */
const isNoListing = (page: ListObjectsV2CommandOutput): boolean =>
  [page.Name, page.Prefix, page.MaxKeys, page.KeyCount, page.IsTruncated, page.Contents?.at(0)].every(
    (member) => member === undefined,
  );

function noListing(place: {
  readonly place: string;
  readonly bucket: string;
  readonly prefix: string;
}): OdoError {
  return new OdoError(
    'STORAGE_UNAVAILABLE',
    `${place.place} answered something that is no listing when asked for that of ${place.bucket}.`,
    {
      hint: 'Check the endpoint (-e): a login page or a proxy may have answered in the store’s place.',
      details: { bucket: place.bucket, prefix: place.prefix },
    },
  );
}

/** Callers take what comes behind the prefix for a path. */
function strayKey(key: string, place: { readonly place: string; readonly prefix: string }): OdoError {
  const shown = JSON.stringify(key.slice(0, 200));
  return new OdoError(
    'STORAGE_UNAVAILABLE',
    `${place.place} was asked for what begins with ${JSON.stringify(place.prefix)}, but lists ${shown}.`,
    {
      hint: 'A proxy may have answered in the store’s place; use the store’s own endpoint.',
      details: { prefix: place.prefix, key: key.slice(0, 200) },
    },
  );
}

function lastOf(page: ListObjectsV2CommandOutput): string | undefined {
  return [page.Contents?.at(-1)?.Key, page.CommonPrefixes?.at(-1)?.Prefix]
    .filter((key) => key !== undefined)
    .sort()
    .at(-1);
}
