import type { BigIntStats } from 'node:fs';

/** Listings quote an ETag, some gateways do not: compare without quotes. */
export const bareEtag = (etag: string | undefined): string => (etag ?? '').replace(/^(?:W\/)?"?|"?$/g, '');

/** What stands for an ETag where objects are files. */
export const fileEtag = (file: Pick<BigIntStats, 'size' | 'mtimeNs'>): string =>
  `${file.size}-${file.mtimeNs}`;
