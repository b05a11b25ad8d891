/** Deterministic content of the lab's source clusters, and the facts by which a restored copy is told to be whole. */

/** What a table holds: rows, and a sum over a hash of every row that does not depend on their order. */
export interface TableFacts {
  readonly rows: number;
  readonly checksum: string;
}

export const sampleDatabase = 'app';

/** `scale` 1 is about 130 MB of data directory above an empty cluster. */
export function createSampleSql(scale: number): string {
  const count = (n: number) => Math.max(10, Math.round(n * scale));
  return `
    create table items (id bigint primary key, name text not null, price numeric(10,2), made date, note text);
    create index items_name on items (name);
    insert into items select g, 'item-' || g, (g::bigint * 7919 % 10007) / 100.0, date '2020-01-01' + (g % 1000)::int, md5(g::text)
      from generate_series(1, ${count(200_000)}) g;

    -- EXTERNAL: long values go to the toast table as they are.
    create table documents (id bigint primary key, body text not null);
    alter table documents alter column body set storage external;
    insert into documents select g, (select string_agg(md5(g || '-' || i), '') from generate_series(1, 150) i)
      from generate_series(1, ${count(8_000)}) g;

    create table events (id bigint, item bigint, kind text, payload jsonb);
    insert into events select g, g % 200000, (array['order','return','view'])[1 + g % 3], jsonb_build_object('n', g, 'h', md5(g::text))
      from generate_series(1, ${count(300_000)}) g;
    create index events_id on events (id);
    create index events_made on events using brin (id);

    create unlogged table scratch (id bigint);
    insert into scratch select generate_series(1, 1000);

    -- One line for every stage of the cluster's life, the last one tells how far a restore came.
    create table life (id int primary key, stage text not null);
    insert into life values (1, 'before the base backup');
    -- Written to while the backup runs.
    create table ticks (id bigint generated always as identity primary key, at timestamp not null default '2026-01-01');
    create view expensive_items as select * from items where price > 100;
    analyze;
  `;
}

/** A table whose files lie in a tablespace. */
export function createTablespaceSql(name: string, location: string): string {
  return `
    create tablespace ${name} location '${location}';
    create table archive_items (id bigint primary key using index tablespace ${name}, note text) tablespace ${name};
    insert into archive_items select g, md5((-g)::text) from generate_series(1, 20000) g;
  `;
}

/** Committed after the base backup: rows added, changed and removed, and a new table. */
export const laterSql = `
  insert into life values (2, 'after the base backup');
  insert into items select g, 'late-' || g, 1.50, date '2024-01-01', md5(g::text) from generate_series(1000001, 1020000) g;
  update items set note = 'changed after the base backup' where id % 5000 = 0;
  delete from documents where id % 400 = 0;
  create table late_table (id int primary key, note text);
  insert into late_table select g, 'late ' || g from generate_series(1, 500) g;
`;

/** The very last commit; in a segment of its own. */
export const lastSql = `insert into life values (3, 'last commit');`;

/** Prints `table|rows|checksum` for every table of the schema public; run it with psql -At. */
export const tableFactsSql = `
  select format(
    'select %L, count(*), coalesce(sum((''x'' || substr(md5(t::text), 1, 12))::bit(48)::bigint), 0) from public.%I t',
    tablename, tablename)
  from pg_tables where schemaname = 'public' order by tablename \\gexec
`;

export function parseTableFacts(output: string): Record<string, TableFacts> {
  const tables: Record<string, TableFacts> = {};
  for (const line of output.split('\n')) {
    const [name, rows, checksum] = line.split('|');
    if (name !== undefined && rows !== undefined && checksum !== undefined)
      tables[name] = { rows: Number(rows), checksum };
  }
  return tables;
}
