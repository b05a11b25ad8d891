import { OdoError } from '../../errors/odo-error.ts';
import { isLsn } from '../../postgres/lsn.ts';
import { isSegmentSize, isWalSegmentName } from '../../postgres/wal-segment.ts';
import type { Tablespace } from '../base-backup.ts';
import { type PythonValue, parsePythonLiteral } from './python-literal.ts';

/** What odo takes from a `backup.info` (barman's infofile.py, `BackupInfo`). */
export interface BackupInfo {
  /** DONE, WAITING_FOR_WALS, STARTED, FAILED, EMPTY, SYNCING … */
  readonly status: string;
  readonly name: string | null;
  /** `server_version_num` */
  readonly versionNumber: number | null;
  /** Decimal. */
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  readonly beginLsn: string | null;
  readonly endLsn: string | null;
  readonly beginSegment: string | null;
  readonly endSegment: string | null;
  /** RFC 3339, UTC; null when absent or without an offset, which cannot be placed in time. */
  readonly beginTime: string | null;
  readonly endTime: string | null;
  /** @unit bytes */
  readonly segmentBytes: number | null;
  /** All tablespaces on disk, uncompressed, without WAL. @unit bytes */
  readonly clusterBytes: number | null;
  readonly tablespaces: readonly Tablespace[];
  /** Text of backup_label. */
  readonly backupLabel: string | null;
  readonly encryption: string | null;
  readonly error: string | null;
  readonly isSnapshot: boolean;
  /** Set for a block-level incremental backup. */
  readonly parentBackupId: string | null;
}

const corrupt = (what: string, cause?: unknown) =>
  new OdoError('FORMAT_UNKNOWN', `backup.info cannot be read: ${what}.`, {
    hint: 'The file may be damaged or written by an unknown tool. Choose another backup.',
    cause,
  });

/** `key=value` lines; unknown keys are kept, since newer barman versions add some. `None` means unset. */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const raw of text.replace(/^\uFEFF/, '').split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const cut = line.indexOf('=');
    if (cut < 1) throw corrupt(`${JSON.stringify(line.slice(0, 60))} is not a key and a value`);
    const value = line.slice(cut + 1).trim();
    if (value !== 'None') fields.set(line.slice(0, cut).trim(), value);
  }
  return fields;
}

/**
 * `2026-05-14 02:00:06.812377+00:00` as RFC 3339 in UTC. A time without offset is of the barman host's zone, which
 * nobody recorded, so it is no instant.
 */
export function parseBarmanTime(text: string): string | null {
  const [, date, time, fraction, offset] =
    /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\s*(Z|[+-]\d{2}(?::?\d{2})?)$/.exec(
      text.trim(),
    ) ?? [];
  if (date === undefined || time === undefined || offset === undefined) return null;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset) ?? [];
  const zone = hours === undefined ? 'Z' : `${sign}${hours}:${minutes ?? '00'}`;
  const instant = Date.parse(`${date}T${time}.${(fraction ?? '0').slice(0, 3)}${zone}`);
  return Number.isNaN(instant) ? null : new Date(instant).toISOString();
}

function tablespacesOf(literal: string | undefined): Tablespace[] {
  if (literal === undefined) return [];
  const value = parsePythonLiteral(literal);
  if (value === null) return [];
  if (!Array.isArray(value)) throw corrupt('tablespaces is not a list');
  return value.map((item: PythonValue) => {
    const [name, oid, location] = Array.isArray(item) ? item : [];
    if (
      typeof name !== 'string' ||
      !/^\d{1,10}$/.test(String(oid)) ||
      (typeof location !== 'string' && location !== null)
    ) {
      throw corrupt('an entry of tablespaces is not a name, an OID and a location');
    }
    return { oid: String(oid), name, location };
  });
}

/** @throws FORMAT_UNKNOWN */
export function parseBackupInfo(text: string): BackupInfo {
  const fields = fieldsOf(text);
  const status = fields.get('status');
  if (status === undefined) throw corrupt('it has no status');
  const integer = (key: string): number | null => {
    const value = fields.get(key);
    if (value === undefined) return null;
    const number = Number(value.replace(/L$/, ''));
    if (!Number.isSafeInteger(number) || number < 0) throw corrupt(`${key} is not a number`);
    return number;
  };
  const checked = (key: string, isValid: (value: string) => boolean): string | null => {
    const value = fields.get(key);
    if (value === undefined) return null;
    if (!isValid(value)) throw corrupt(`${key} is ${JSON.stringify(value.slice(0, 60))}`);
    return value;
  };
  const segmentBytes = integer('xlog_segment_size');
  if (segmentBytes !== null && !isSegmentSize(segmentBytes))
    throw corrupt('xlog_segment_size is no segment size');
  const label = fields.get('backup_label');
  const backupLabel = label === undefined ? null : parsePythonLiteral(label);
  return {
    status,
    name: fields.get('backup_name') ?? null,
    versionNumber: integer('version'),
    systemIdentifier: checked('systemid', (value) => /^\d{1,20}$/.test(value)),
    timeline: integer('timeline'),
    beginLsn: checked('begin_xlog', isLsn),
    endLsn: checked('end_xlog', isLsn),
    beginSegment: checked('begin_wal', isWalSegmentName),
    endSegment: checked('end_wal', isWalSegmentName),
    beginTime: parseBarmanTime(fields.get('begin_time') ?? ''),
    endTime: parseBarmanTime(fields.get('end_time') ?? ''),
    segmentBytes,
    clusterBytes: integer('cluster_size'),
    tablespaces: tablespacesOf(fields.get('tablespaces')),
    backupLabel: typeof backupLabel === 'string' ? backupLabel : null,
    encryption: fields.get('encryption') ?? null,
    error: fields.get('error') ?? null,
    isSnapshot: fields.has('snapshots_info'),
    parentBackupId: fields.get('parent_backup_id') ?? null,
  };
}
