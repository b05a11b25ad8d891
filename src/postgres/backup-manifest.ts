import { OdoError } from '../errors/odo-error.ts';
import { fileName } from './file-name.ts';
import { isLsn } from './lsn.ts';

export type ManifestChecksumAlgorithm = 'CRC32C' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';

export interface ManifestFile {
  /** Relative to the data directory; files of a tablespace are below `pg_tblspc/<oid>/`. */
  readonly path: string;
  /** The name's bytes in hex: always with `--manifest-force-encode`, else only when it is no UTF-8 (see `fileName`). */
  readonly encodedPath: string | null;
  /** @unit bytes */
  readonly sizeBytes: number;
  /** Null together with `checksum` for a backup made with `--manifest-checksums=none`. */
  readonly algorithm: ManifestChecksumAlgorithm | null;
  /** Lower-case hex. CRC32C is in the server's memory order, see `formatManifestCrc32c`. */
  readonly checksum: string | null;
}

export interface ManifestWalRange {
  readonly timeline: number;
  readonly startLsn: string;
  readonly endLsn: string;
}

/** `backup_manifest` (manual, "Backup Manifest Format"; backup_manifest.c). */
export interface BackupManifest {
  /** 1 for PostgreSQL 13 to 16, 2 from 17 on. */
  readonly version: number;
  /** Decimal, never a number: it exceeds 2^53 and JSON.parse would round it. Null in version 1. */
  readonly systemIdentifier: string | null;
  readonly files: readonly ManifestFile[];
  /** @unit bytes */
  readonly totalBytes: number;
  /** Newest timeline first, as written. */
  readonly walRanges: readonly ManifestWalRange[];
  /** SHA-256 of everything before the last line, hex. */
  readonly checksum: string;
}

const algorithms: readonly string[] = ['CRC32C', 'SHA224', 'SHA256', 'SHA384', 'SHA512'];

const corrupt = (what: string, cause?: unknown) =>
  new OdoError('FORMAT_UNKNOWN', `The backup manifest cannot be read: ${what}.`, {
    hint: 'The file may be cut short or edited. Choose another backup.',
    cause,
  });

function recordOf(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line.replace(/,\s*$/, ''));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (cause) {
    throw corrupt(`${JSON.stringify(line.slice(0, 80))} is not valid JSON`, cause);
  }
  throw corrupt(`${JSON.stringify(line.slice(0, 80))} is not an object`);
}

function decodedPath(hex: string): string {
  if (hex.length % 2 !== 0 || /[^0-9a-f]/i.test(hex))
    throw corrupt(`${JSON.stringify(hex.slice(0, 80))} is not hex`);
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return fileName(bytes).text;
}

function fileOf(line: string): ManifestFile {
  const record = recordOf(line);
  const {
    Path: path,
    'Encoded-Path': encoded,
    Size: size,
    'Checksum-Algorithm': algorithm,
    Checksum: checksum,
  } = record;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw corrupt(`${JSON.stringify(line.slice(0, 80))} has no size`);
  }
  if (typeof path !== 'string' && typeof encoded !== 'string') {
    throw corrupt(`${JSON.stringify(line.slice(0, 80))} has no path`);
  }
  const known = typeof algorithm === 'string' && algorithms.includes(algorithm);
  if ((algorithm !== undefined || checksum !== undefined) && (!known || typeof checksum !== 'string')) {
    throw corrupt(`${JSON.stringify(line.slice(0, 80))} has no checksum that odo knows`);
  }
  return {
    path: typeof path === 'string' ? path : decodedPath(encoded as string),
    encodedPath: typeof encoded === 'string' ? encoded : null,
    sizeBytes: size,
    algorithm: known ? (algorithm as ManifestChecksumAlgorithm) : null,
    checksum: typeof checksum === 'string' ? checksum.toLowerCase() : null,
  };
}

function rangeOf(line: string): ManifestWalRange {
  const { Timeline: timeline, 'Start-LSN': startLsn, 'End-LSN': endLsn } = recordOf(line);
  if (
    typeof timeline !== 'number' ||
    !Number.isInteger(timeline) ||
    typeof startLsn !== 'string' ||
    typeof endLsn !== 'string'
  ) {
    throw corrupt(`${JSON.stringify(line.slice(0, 80))} is not a range of WAL`);
  }
  if (!isLsn(startLsn) || !isLsn(endLsn))
    throw corrupt(`${JSON.stringify(line.slice(0, 80))} has no valid positions`);
  return { timeline, startLsn, endLsn };
}

/** A member's value without the comma or the bracket behind it. No pattern: it would try every space of a long line. */
function withoutEnd(rest: string): string {
  const open = rest.endsWith('}') ? rest.slice(0, -1).trimEnd() : rest;
  return (open.endsWith(',') ? open.slice(0, -1) : open).trim();
}

/** One at a time: a manifest may list a million files, and be as large as a hundred MB. */
function* linesOf(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline;
    yield decoder.decode(bytes.subarray(at, end)).trim();
    at = end + 1;
  }
}

/**
 * Reads a manifest line by line, as the server writes it: one file or range a line.
 * Does not check the manifest's own checksum; see `manifestIsIntact`.
 * @throws FORMAT_UNKNOWN
 */
export function parseBackupManifest(content: Uint8Array | string): BackupManifest {
  let version: number | null = null;
  let systemIdentifier: string | null = null;
  let checksum: string | null = null;
  let section: 'top' | 'files' | 'ranges' = 'top';
  const files: ManifestFile[] = [];
  const walRanges: ManifestWalRange[] = [];
  const paths = new Set<string>();
  let totalBytes = 0;

  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  for (const line of linesOf(bytes)) {
    if (line === '') continue;
    if (section !== 'top') {
      if (/^\],?$/.test(line)) {
        section = 'top';
      } else if (section === 'files') {
        const file = fileOf(line);
        if (paths.has(file.path)) throw corrupt(`it lists ${JSON.stringify(file.path)} twice`);
        paths.add(file.path);
        files.push(file);
        totalBytes += file.sizeBytes;
      } else {
        walRanges.push(rangeOf(line));
      }
      continue;
    }
    const [, key, rest = ''] = /^\{?\s*"([A-Za-z-]+)":(.*)$/.exec(line) ?? [];
    const value = withoutEnd(rest);
    if (key === 'PostgreSQL-Backup-Manifest-Version') version = Number(value);
    else if (key === 'System-Identifier' && /^\d+$/.test(value)) systemIdentifier = value;
    else if (key === 'Files') section = value === '[' ? 'files' : 'top';
    else if (key === 'WAL-Ranges') section = value === '[' ? 'ranges' : 'top';
    else if (key === 'Manifest-Checksum')
      checksum = /^"([0-9a-f]{64})"$/i.exec(value)?.[1]?.toLowerCase() ?? null;
    else throw corrupt(`${JSON.stringify(line.slice(0, 80))} was not expected`);
  }
  if (version !== 1 && version !== 2) throw corrupt(`version ${version ?? 'none'} is not known`);
  if (section !== 'top' || checksum === null) throw corrupt('its end is missing');
  return { version, systemIdentifier, files, totalBytes, walRanges, checksum };
}

/**
 * Whether `Manifest-Checksum` is the SHA-256 of all bytes up to and including the second-to-last newline
 * (parse_manifest.c, `verify_manifest_checksum`).
 */
export async function manifestIsIntact(bytes: Uint8Array, stated: string): Promise<boolean> {
  const newline = 0x0a;
  if (bytes.at(-1) !== newline) return false;
  const before = bytes.lastIndexOf(newline, bytes.length - 2);
  if (before < 0) return false;
  // What was read of a store lies in memory that no thread shares.
  const covered = bytes.subarray(0, before + 1) as Uint8Array<ArrayBuffer>;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', covered));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === stated.toLowerCase();
}
