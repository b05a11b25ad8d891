import { OdoError } from '../errors/odo-error.ts';
import { isLsn } from './lsn.ts';
import { isWalSegmentName } from './wal-segment.ts';

/** The facts in a `backup_label` or a backup history file (`<segment>.<offset>.backup`). LSNs as text. */
export interface BackupLabel {
  /** Redo position: where recovery starts reading. */
  readonly startLsn: string;
  readonly startSegment: string;
  readonly checkpointLsn: string;
  /** `streamed`, or `pg_start_backup` for an exclusive backup (up to 14). */
  readonly method: string | null;
  readonly from: 'primary' | 'standby' | null;
  /** In log_timezone with an abbreviation: for people only. */
  readonly startTime: string | null;
  readonly label: string | null;
  readonly timeline: number;
  /** Set by PostgreSQL 17 and later: the server refuses to start from an incremental backup. */
  readonly incrementalFromLsn: string | null;
  /** Set together with `incrementalFromLsn`. */
  readonly incrementalFromTimeline: number | null;
  /** Only in a backup history file. */
  readonly stopLsn: string | null;
  readonly stopSegment: string | null;
}

const corrupt = (what: string) =>
  new OdoError('FORMAT_UNKNOWN', `The backup label cannot be read: ${what}.`, {
    hint: 'The server would refuse it too. Choose another backup, or fetch the label again from the source.',
  });

const fieldPattern = /^([A-Z][A-Z ]*): (.*)$/;
const locationPattern = /^([^ ]+) \(file ([^)]+)\)$/;

function locationOf(field: string | undefined, name: string): { lsn: string; segment: string } {
  const [, lsn, segment] = locationPattern.exec(field ?? '') ?? [];
  if (lsn === undefined || segment === undefined || !isLsn(lsn) || !isWalSegmentName(segment)) {
    throw corrupt(`it has no valid ${name} line`);
  }
  return { lsn, segment };
}

/**
 * Reads the text (xlogrecovery.c, `read_backup_label`; written by xlogbackup.c, `build_backup_content`).
 * Unknown lines are ignored, since newer servers add some.
 * @throws FORMAT_UNKNOWN also where the server itself would refuse: CRLF line ends, a timeline that contradicts the file name
 */
export function parseBackupLabel(text: string): BackupLabel {
  if (text.includes('\r')) throw corrupt('it has CRLF line ends');
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = fieldPattern.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !fields.has(name)) fields.set(name, value);
  }
  const start = locationOf(fields.get('START WAL LOCATION'), 'START WAL LOCATION');
  const checkpointLsn = fields.get('CHECKPOINT LOCATION') ?? '';
  if (!isLsn(checkpointLsn)) throw corrupt('it has no valid CHECKPOINT LOCATION line');
  const timeline = Number.parseInt(start.segment.slice(0, 8), 16);
  const stated = fields.get('START TIMELINE');
  if (stated !== undefined && Number(stated) !== timeline) {
    throw corrupt(`it says timeline ${stated}, but its first segment is ${start.segment}`);
  }
  const stop = fields.has('STOP WAL LOCATION')
    ? locationOf(fields.get('STOP WAL LOCATION'), 'STOP WAL LOCATION')
    : null;
  const from = fields.get('BACKUP FROM');
  const incremental = incrementalFrom(fields.get('INCREMENTAL FROM LSN'), fields.get('INCREMENTAL FROM TLI'));
  return {
    startLsn: start.lsn,
    startSegment: start.segment,
    checkpointLsn,
    method: fields.get('BACKUP METHOD') ?? null,
    // Up to 13 the server wrote `master`.
    from: from === 'standby' ? 'standby' : from === undefined ? null : 'primary',
    startTime: fields.get('START TIME') ?? null,
    label: fields.get('LABEL') ?? null,
    timeline,
    incrementalFromLsn: incremental?.lsn ?? null,
    incrementalFromTimeline: incremental?.timeline ?? null,
    stopLsn: stop?.lsn ?? null,
    stopSegment: stop?.segment ?? null,
  };
}

function incrementalFrom(
  lsn: string | undefined,
  timeline: string | undefined,
): { lsn: string; timeline: number } | null {
  if (lsn === undefined && timeline === undefined) return null;
  if (lsn === undefined || !isLsn(lsn) || timeline === undefined || !/^[1-9]\d{0,9}$/.test(timeline)) {
    throw corrupt('it does not say clearly which backup it is incremental from');
  }
  return { lsn, timeline: Number(timeline) };
}

/** The label of the combined backup: the server starts from none that says it is incremental (backup_label.c). */
export function withoutIncrementalLines(text: string): string {
  return text.replace(/^INCREMENTAL FROM (?:LSN|TLI): .*\n/gm, '');
}
