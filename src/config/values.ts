import { z } from 'zod';
import type { TablespaceRequest } from '../steps/restore-request.ts';
import { parseInstant } from './instant.ts';

/**
 * What a setting's value may look like. Each accepts the text of a flag or variable and the YAML value;
 * its description is what an error says was expected and what the docs show.
 */

export const text = z.string().trim().min(1).meta({ description: 'text (in YAML, quote numbers)' });

export const path = z.string().min(1).meta({ description: 'a path' });

export const volumeName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/)
  .meta({ description: 'the name of a volume, such as pgdata (for a directory use --data-dir)' });

/** As `src/storage/storage-url.ts` takes them apart. */
export const addressForms = [
  's3://BUCKET/PREFIX',
  'azure://ACCOUNT/CONTAINER/PREFIX',
  'gs://BUCKET/PREFIX',
  'https://HOST/FOLDER',
  'sftp://USER@HOST:PORT/DIRECTORY',
  'file:///DIRECTORY',
] as const;

export const backupUrl = z
  .string()
  .refine((value) => isBackupUrl(value))
  .meta({ description: `an address without credentials: ${addressForms.join(', ')}` });

/** Whether odo can read from there is for the storage to say, which knows what may be meant instead. */
function isBackupUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || url.password !== '') return false;
  // A user is no secret; elsewhere a key may stand in its place.
  if (url.username !== '' && url.protocol !== 'sftp:') return false;
  if (url.protocol === 'file:') return url.host === '' || url.host === 'localhost';
  return url.host !== '' && url.search === '' && url.hash === '';
}

export const endpoint = z
  .string()
  .refine((value) => {
    const url = URL.parse(value);
    return (
      url !== null &&
      (url.protocol === 'https:' || url.protocol === 'http:') &&
      url.username === '' &&
      url.password === ''
    );
  })
  .meta({ description: 'a URL such as https://s3.example.com, without credentials' });

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
};

export const yesOrNo = z
  .union([z.boolean(), z.enum(['true', 'false', 'yes', 'no', 'on', 'off', '1', '0'])])
  .transform((value) => (typeof value === 'boolean' ? value : words[value] === true))
  .meta({ description: 'true or false' });

/** The values of a switch stand for `stream` and `off`, which the switch once said. */
export const pageCheck = z
  .union([z.boolean(), z.enum(['off', 'auto', 'stream', 'server', ...Object.keys(words)])])
  .transform((value) => {
    const word = typeof value === 'string' ? (words[value] ?? value) : value;
    return typeof word === 'string' ? (word as 'auto' | 'stream' | 'server') : word ? 'stream' : 'off';
  })
  .meta({ description: 'off, auto, stream or server' });

/** A file, or true for the default file, or false for none. */
export const fileOrYes = z
  .union([z.boolean(), z.string().min(1)])
  .transform((value): string | boolean => (typeof value === 'string' ? (words[value] ?? value) : value))
  .meta({ description: 'a path, or true for the default file' });

export const wholeNumber = (from: number, to: number) =>
  z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
    .refine((value) => Number.isInteger(value) && value >= from && value <= to)
    .meta({ description: `a whole number from ${from} to ${to}` });

export const autoOrWholeNumber = (from: number, to: number) =>
  z
    .union([z.literal('auto'), wholeNumber(from, to)])
    .meta({ description: `auto, or a whole number from ${from} to ${to}` });

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes: `8GiB` and `8G` are 1024³ times 8, `8GB` is 1000³ times 8, `8388608` is bytes. */
export function parseSize(value: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(ib|b)?$/i.exec(value.trim());
  if (match === null) return null;
  const [, digits = '', prefix = '', suffix = ''] = match;
  if (prefix === '' && suffix.toLowerCase() === 'ib') return null;
  const base = suffix.toLowerCase() === 'b' ? 1000 : 1024;
  const bytes = Math.round(Number(digits) * base ** (powers[prefix.toLowerCase()] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

export const size = (from: number) =>
  z
    .union([z.number(), z.string()])
    .transform((value) => (typeof value === 'number' ? value : (parseSize(value) ?? Number.NaN)))
    .refine((bytes) => Number.isSafeInteger(bytes) && bytes >= from)
    .meta({
      description:
        from === 0
          ? 'a size such as 8GiB or 512MB'
          : `a size from ${from / 1024 ** 2} MiB on, such as 256MiB`,
    });

/** Bytes a second: a size, with or without `/s`. */
export const rate = (from: number) =>
  z
    .union([z.number(), z.string()])
    .transform((value) =>
      typeof value === 'number' ? value : (parseSize(value.replace(/\s*\/\s*s\s*$/i, '')) ?? Number.NaN),
    )
    .refine((bytes) => Number.isSafeInteger(bytes) && bytes >= from)
    .meta({ description: `a size a second from ${from / 1024} KiB/s on, such as 50MiB/s` });

/** A moment, as RFC 3339 in UTC; an issue about a missing zone carries what was probably meant. */
export const instant = z
  .string()
  .transform((text, context): string => {
    const parsed = parseInstant(text);
    if (parsed !== null && 'instant' in parsed) return parsed.instant;
    const params = parsed === null ? {} : { suggestion: parsed.inUtc };
    context.addIssue({ code: 'custom', message: 'no moment', params });
    return z.NEVER;
  })
  .meta({
    description:
      'a time with its zone such as 2026-11-20T14:00:00Z or 2026-11-20T14:00+01:00, a date (its begin in UTC), or words such as "10 minutes ago" or "yesterday 14:00 UTC"',
  });

/** 2^32 - 1 stands for "no id" in the kernel's calls. */
const largestId = 4_294_967_294;

export const owner = z
  .string()
  .transform((value): 'auto' | { uid: number; gid: number } | null => {
    if (value === 'auto') return 'auto';
    const match = /^(\d{1,10}):(\d{1,10})$/.exec(value);
    return match === null ? null : { uid: Number(match[1]), gid: Number(match[2]) };
  })
  .refine(
    (value) =>
      value === 'auto' ||
      (value !== null && value.uid <= largestId && value.gid <= largestId && value.uid !== 0),
  )
  .transform((value): 'auto' | { uid: number; gid: number } => value ?? 'auto')
  .meta({ description: 'auto, or UID:GID such as 999:999 (PostgreSQL does not run as root)' });

/** `OLD=/NEW`; an OLD that is a path may hold an equals sign, but none in front of a slash. */
function parseTablespaceChoice(text: string): TablespaceRequest | null {
  const [, tablespace, directory] = /^(.+?)=(\/.*)$/s.exec(text.trim()) ?? [];
  return tablespace === undefined || directory === undefined ? null : { tablespace, directory };
}

/** A comma separates two only in front of another `OLD=/`, so that paths may hold commas. */
const betweenChoices = /,\s*(?=[^,=]+=\/)/;

export const tablespaceChoices = z
  .union([z.string(), z.array(z.string()), z.record(z.string(), z.string())])
  .transform((value): readonly (TablespaceRequest | null)[] => {
    if (typeof value === 'string') return value.split(betweenChoices).map(parseTablespaceChoice);
    if (Array.isArray(value)) return value.map(parseTablespaceChoice);
    return Object.entries(value).map(([old, place]) => parseTablespaceChoice(`${old}=${place}`));
  })
  .refine((choices) => choices.every((choice) => choice !== null))
  .transform((choices) => choices.filter((choice) => choice !== null))
  .meta({ description: 'OLD=/NEW with an absolute path, such as cold=/srv/cold; in YAML a map or a list' });

/** A map in YAML, or `KEY=VALUE`; a comma separates two of them in the environment. */
export const labels = z
  .union([z.string(), z.array(z.string()), z.record(z.string(), z.string())])
  .transform((value): readonly string[] => {
    if (typeof value === 'string') return value.split(',').map((one) => one.trim());
    return Array.isArray(value) ? value : Object.entries(value).map((entry) => entry.join('='));
  })
  .refine((all) => all.every((one) => /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}=[^\p{Cc}]{0,200}$/u.test(one)))
  .meta({ description: 'KEY=VALUE, such as release=2.4; in YAML a map or a list' });

/** Both halves of a position, as `pg_current_wal_lsn()` prints it; leading zeros dropped. */
export const lsn = z
  .string()
  .trim()
  .regex(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/)
  .transform((value) => value.toUpperCase().replaceAll(/(^|\/)0+(?=[0-9A-F])/g, '$1'))
  .meta({ description: 'a position such as 2/5A000028' });

/** `txid_current()` counts on behind 2^32, where the server's own target does not: it takes the lower half. */
export const xid = z
  .union([z.number().int().transform(String), z.string().trim()])
  .refine((value) => /^\d{1,20}$/.test(value) && BigInt(value) % 2n ** 32n > 2n)
  .transform((value) => String(BigInt(value) % 2n ** 32n))
  .meta({ description: 'the number of a transaction, from 3 on' });

/** 64 bits without a sign, as `pg_controldata` prints it. A number of YAML or JSON could not hold it exactly. */
export const systemIdentifier = z
  .string()
  .trim()
  .regex(/^[1-9]\d{0,19}$/)
  .meta({ description: 'the system identifier of a database, as pg_controldata prints it' });

/** As long as the server keeps it (xlog.c, `MAXFNAMELEN`). */
export const restorePoint = z
  .string()
  .refine((value) => value !== '' && Buffer.byteLength(value) <= 63)
  .meta({ description: 'the name of a restore point, 63 bytes at most' });

export const timeline = z
  .union([
    z.enum(['latest', 'current']),
    wholeNumber(1, 2 ** 31 - 1),
    z
      .string()
      .regex(/^0x[0-9a-f]{1,8}$/i)
      .transform(Number),
  ])
  .meta({ description: 'latest, current, or the number of a timeline' });

/** slot.c, `ReplicationSlotValidateName`. */
export const slotName = z
  .string()
  .regex(/^[a-z0-9_]{1,63}$/)
  .meta({ description: 'the name of a replication slot: lower-case letters, digits and underscores' });

const durationUnitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `90s`, `15m`, `1h30m`, as milliseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  const compact = text.trim().replaceAll(/\s+/g, '').toLowerCase();
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(compact)) return null;
  let ms = 0;
  for (const [, count, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    ms += Number(count) * (durationUnitsMs[unit ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : null;
}

/** Milliseconds. */
export const duration = z
  .string()
  .transform((value) => parseDuration(value) ?? Number.NaN)
  .refine((ms) => Number.isSafeInteger(ms) && ms > 0)
  .meta({ description: 'a duration such as 90s, 15m, 1h30m or 2d' });

/** A fraction: 0.5 for `50%`; null for `off`. */
export const percentOrOff = z
  .string()
  .transform((value): number | null => {
    if (value === 'off') return null;
    const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim()) ?? [];
    return percent === undefined ? Number.NaN : Number(percent) / 100;
  })
  .refine((fraction) => fraction === null || Number.isFinite(fraction))
  .meta({ description: 'a percentage such as 50%, or off' });

export const runKey = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/)
  .meta({ description: 'up to 200 letters, digits and . _ : / @ -, such as nightly-orders-2026-11-22' });

/** Forms of a report, by the file's extension. */
export const reportExtensions = ['.html', '.md', '.json', '.xml'] as const;

export const reportFiles = z
  .union([z.string(), z.array(z.string())])
  .transform((value): readonly string[] => (typeof value === 'string' ? value.split(/,\s*/) : value))
  .refine((files) =>
    files.every((file) => reportExtensions.some((extension) => file.toLowerCase().endsWith(extension))),
  )
  .meta({ description: `files that end in ${reportExtensions.join(', ')}` });
