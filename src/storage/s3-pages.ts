import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { OdoError } from '../errors/odo-error.ts';

/** Where the next page begins. */
export interface PagePosition {
  readonly ContinuationToken?: string;
  readonly StartAfter?: string;
}

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
  let token: string | null = null;
  let after = startAfter;
  for (;;) {
    const page: ListObjectsV2CommandOutput = await fetchPage(
      token !== null ? { ContinuationToken: token } : after !== null ? { StartAfter: after } : {},
    );
    yield page;
    if (!page.IsTruncated) return;
    const last = lastOf(page);
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
      throw new OdoError(
        'STORAGE_UNAVAILABLE',
        `${place.place} says its listing of ${place.bucket} goes on, but does not go on.`,
        {
          hint: 'The store’s listing is broken; try again later or use another endpoint.',
          details: { bucket: place.bucket, prefix: place.prefix },
        },
      );
    }
    token = null;
    after = behind;
  }
}

function lastOf(page: ListObjectsV2CommandOutput): string | undefined {
  return [page.Contents?.at(-1)?.Key, page.CommonPrefixes?.at(-1)?.Prefix]
    .filter((key) => key !== undefined)
    .sort()
    .at(-1);
}
