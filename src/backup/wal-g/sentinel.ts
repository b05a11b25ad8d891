import { OdoError } from '../../errors/odo-error.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import type { Tablespace } from '../base-backup.ts';

/** What odo takes from a `<backup>_backup_stop_sentinel.json` (WAL-G's backup_sentinel_dto.go). */
export interface Sentinel {
  /** 2 where the times are recorded and files_metadata.json is written; 1 for older ones. */
  readonly version: number;
  readonly beginLsn: string;
  readonly endLsn: string;
  /** `server_version_num` */
  readonly versionNumber: number | null;
  /** Decimal. */
  readonly systemIdentifier: string | null;
  /** RFC 3339. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Bytes in the tars. @unit bytes */
  readonly dataBytes: number | null;
  readonly tablespaces: readonly Tablespace[];
  /** Name of the backup it is a delta to; null for a full one. */
  readonly deltaFrom: string | null;
  /** Name of the full backup at the beginning of its chain. */
  readonly deltaFullName: string | null;
  /** What the operator wrote with `--add-user-data`, when it is a text. */
  readonly userData: string | null;
  /** Retention leaves the backup and the WAL up to its end alone. */
  readonly isPermanent: boolean;
  /** Names of the tars, which older versions listed here and not in files_metadata.json; empty where they are not. */
  readonly tars: readonly string[];
  /** Taken without files_metadata.json. */
  readonly hasNoFilesMetadata: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const corrupt = (what: string, cause?: unknown) =>
  new OdoError('FORMAT_UNKNOWN', `Its sentinel cannot be read: ${what}.`, {
    hint: 'The file may be damaged or written by an unknown tool. Choose another backup.',
    cause,
  });

/** Numbers beyond 2^53, which JSON.parse would round, come back as bigint: the system identifier is always one. */
function parseFields(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text, function exact(_key: string, parsed: unknown, context?: { source?: string }) {
      const source = context?.source ?? '';
      const isRounded = typeof parsed === 'number' && !Number.isSafeInteger(parsed) && /^-?\d+$/.test(source);
      return isRounded ? BigInt(source) : parsed;
    } as (key: string, value: unknown) => unknown);
  } catch (cause) {
    throw corrupt('it is not valid JSON', cause);
  }
  if (!isObject(value)) throw corrupt('it is not an object');
  return value;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const u64Limit = 2n ** 64n;

function integerOf(fields: Fields, key: string): bigint | null {
  const value = fields[key];
  if (value === undefined || value === null) return null;
  const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
  if (!isInteger || value < 0 || value >= u64Limit) throw corrupt(`${key} is not a number`);
  return BigInt(value);
}

function numberOf(fields: Fields, key: string): number | null {
  const value = integerOf(fields, key);
  if (value !== null && value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(`${key} is too large`);
  return value === null ? null : Number(value);
}

function textOf(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Go writes the year 1 for a time that was never set. */
function timeOf(fields: Fields, key: string): string | null {
  const text = textOf(fields, key);
  const instant = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(instant) || instant <= 0 ? null : new Date(instant).toISOString();
}

/** `{ "base_prefix": …, "tablespaces": ["16401"], "16401": { "loc": …, "link": … } }` (tablespace_spec.go). */
function tablespacesOf(fields: Fields): Tablespace[] {
  const spec = fields.Spec ?? fields.spec ?? null;
  if (spec === null) return [];
  if (!isObject(spec)) throw corrupt('Spec is not an object');
  const oids = spec.tablespaces ?? [];
  if (!Array.isArray(oids)) throw corrupt('Spec.tablespaces is not a list');
  return oids.map((oid: unknown) => {
    const one = typeof oid === 'string' ? spec[oid] : undefined;
    const location = isObject(one) ? textOf(one, 'loc') : null;
    if (typeof oid !== 'string' || !/^\d{1,10}$/.test(oid) || location === null) {
      throw corrupt('an entry of Spec is not an OID and a location');
    }
    return { oid, name: null, location };
  });
}

/** @throws FORMAT_UNKNOWN */
export function parseSentinel(text: string): Sentinel {
  const fields = parseFields(text);
  const beginLsn = integerOf(fields, 'LSN');
  const endLsn = integerOf(fields, 'FinishLSN');
  if (beginLsn === null || endLsn === null) {
    throw corrupt('it does not say where in the WAL the backup begins and ends, as those of WAL-E do not');
  }
  const deltaFrom = textOf(fields, 'DeltaFrom');
  const isDelta = deltaFrom !== null || (fields.DeltaLSN ?? fields.DeltaFromLSN ?? null) !== null;
  const systemIdentifier = integerOf(fields, 'SystemIdentifier');
  return {
    version: numberOf(fields, 'Version') ?? 1,
    beginLsn: formatLsn(beginLsn),
    endLsn: formatLsn(endLsn),
    versionNumber: numberOf(fields, 'PgVersion') || null,
    systemIdentifier: systemIdentifier === null || systemIdentifier === 0n ? null : String(systemIdentifier),
    startedAt: timeOf(fields, 'StartTime'),
    finishedAt: timeOf(fields, 'FinishTime'),
    dataBytes: numberOf(fields, 'UncompressedSize') || null,
    tablespaces: tablespacesOf(fields),
    deltaFrom: isDelta ? (deltaFrom ?? 'another backup') : null,
    deltaFullName: textOf(fields, 'DeltaFullName'),
    userData: textOf(fields, 'UserData'),
    isPermanent: fields.IsPermanent === true,
    tars: isObject(fields.TarFileSets) ? Object.keys(fields.TarFileSets).filter((name) => name !== '') : [],
    hasNoFilesMetadata: fields.FilesMetadataDisabled === true,
  };
}
