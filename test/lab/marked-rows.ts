import type { Psql } from './psql.ts';

/** Where a transaction ended in the WAL. */
export interface TransactionEnd {
  readonly xid: string;
  readonly timeline: number;
  /** RFC 3339, UTC, microseconds; as the record holds it. */
  readonly time: string;
  /** Where its commit or abort record begins. */
  readonly begin: string;
  /** Where that record ends. */
  readonly end: string;
}

/** A row of the table `marks`, alone in its transaction. */
export interface MarkedRow extends TransactionEnd {
  readonly id: number;
}

export const marksSql = `
  create extension pg_walinspect;
  create table marks (id int primary key, note text not null);
  create table filler (id int, content text);
`;

export const insertMark = (id: number, note: string): string =>
  `insert into marks values (${id}, '${note}');\n`;

/**
 * About so many bytes of WAL, half of them in small records and half in one that spans segments: as on a busy
 * server, segments begin inside a record.
 */
export const fillerSql = (bytes: number): string => `
  insert into filler select g, repeat(md5(g::text), 8) from generate_series(1, ${Math.ceil(bytes / 2 / 340)}) g;
  select pg_logical_emit_message(false, 'filler', repeat(md5('${bytes}'), ${Math.ceil(bytes / 2 / 32)})) is null;
`;

/** Ends of transactions behind `from`; of a prepared one, only the text of its record has the number. */
const endsSql = (from: string) => `
  select start_lsn, end_lsn, record_type,
    case when xid <> '0' then xid::text else split_part(description, ':', 1) end as xid,
    -- As the server writes the record's time in its own zone, which is UTC in the lab's images.
    regexp_substr(description, '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.?\\d*') as time
  from pg_get_wal_records_info('${from}', pg_current_wal_flush_lsn())
  where resource_manager = 'Transaction' and record_type ~ '^(COMMIT|ABORT)'`;

function parseEnds(lines: string, timeline: number): (TransactionEnd & { id: string })[] {
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id = '', xid = '', time = '', begin = '', end = ''] = line.split('|');
      const [seconds = '', fraction = ''] = time.replace(' ', 'T').split('.');
      return { id, timeline, xid, time: `${seconds}.${fraction.padEnd(6, '0')}Z`, begin, end };
    });
}

/** The rows committed on this server behind `from`; its `pg_wal` must still hold the WAL. In order of their commits. */
export async function readMarkedRows(psql: Psql, timeline: number, from: string): Promise<MarkedRow[]> {
  const lines = await psql(`
    with ends as (${endsSql(from)})
    select marks.id, ends.xid, ends.time, start_lsn, end_lsn
    from marks join ends on ends.xid = marks.xmin::text and record_type ~ '^COMMIT' order by start_lsn`);
  return parseEnds(lines, timeline).map((end) => ({ ...end, id: Number(end.id) }));
}

/** The transactions that were rolled back on this server behind `from`. */
export async function readAborted(psql: Psql, timeline: number, from: string): Promise<TransactionEnd[]> {
  const lines = await psql(`
    with ends as (${endsSql(from)})
    select '', xid, time, start_lsn, end_lsn from ends where record_type ~ '^ABORT' order by start_lsn`);
  return parseEnds(lines, timeline).map(({ id: _, ...end }) => end);
}
