/** What lies in the clusters that are backed up. Deterministic: no random(), so that two machines restore the same. */

export const caseNames = ['mixed', 'large', 'small'] as const;
export type CaseName = (typeof caseNames)[number];

export interface Case {
  readonly name: CaseName;
  readonly title: string;
  /** Scale of pgbench's own tables, 0 for none; 1 is 15 MB. */
  readonly pgbenchScale: number;
  /** Run in the database `shop`, one after another. */
  readonly sql: readonly string[];
  /** Copies of `shop`, file by file. */
  readonly clones: number;
}

/** Text that gzip sees as prose: words of a vocabulary in sentences that do not repeat within its 32 KiB window. */
const sentencesSql = `
  create table word as select g as id,
    substr(translate(md5(g::text), '0123456789abcdef', 'etaoinshrdlucmfp'), 1, 3 + g % 7) as word
    from generate_series(0, 2047) g;
  alter table word add primary key (id);
  analyze word;
  create table sentence as select g as id, (
      select string_agg(word, ' ') from generate_series(1, 12) i join word on word.id = hashint4(g * 31 + i) & 2047) as body
    from generate_series(0, 32767) g;
  analyze sentence;
`;

const articlesSql = (rows: number): string => `
  create table articles (id bigint not null, author int not null, made timestamp not null, title text not null, body text not null);
  insert into articles select g, hashint4(g) & 65535, timestamp '2024-01-01' + g * interval '7 seconds',
      a.body, b.body || '. ' || c.body || '.'
    from generate_series(1, ${rows}) g
    join sentence a on a.id = hashint4(g) & 32767
    join sentence b on b.id = hashint4(g + 1000000000) & 32767
    join sentence c on c.id = hashint4(-g) & 32767;
`;

const ordersSql = (rows: number): string => `
  create table orders (id bigint primary key, customer int not null, item int not null, quantity smallint not null,
    price numeric(12,2) not null, made timestamp not null, state text not null);
  insert into orders select g, hashint4(g) & 262143, hashint4(g + 7) & 16383, 1 + g % 9, (hashint4(-g) & 1048575) / 100.0,
      timestamp '2024-01-01' + g * interval '3 seconds', (array['new','paid','packed','sent','returned'])[1 + (hashint4(g) & 65535) % 5]
    from generate_series(1, ${rows}) g;
  create index on orders (customer);
  create index on orders (made);
`;

const eventsSql = (rows: number): string => `
  create table events (id bigint primary key, payload jsonb not null);
  insert into events select g, jsonb_build_object('kind', (array['view','order','search','login'])[1 + (hashint4(g) & 65535) % 4],
      'session', md5((g / 8)::text), 'n', hashint4(g) & 65535, 'ok', g % 7 <> 0, 'page', '/' || (hashint4(-g) & 4095), 'text', s.body)
    from generate_series(1, ${rows}) g join sentence s on s.id = hashint4(g) & 32767;
  create index on events ((payload->>'kind'), ((payload->>'n')::int));
`;

/** A heap of one page and an index of two: 8 and 16 KiB. Committed in pieces, as each table holds locks until then. */
const manyTablesSql = (tables: number): string => `
  do $$ begin
    for n in 1..${tables} loop
      execute format('create table t%s (id int primary key, n int)', n);
      execute format('insert into t%s select g, g * %s from generate_series(1, 200) g', n, n);
      if n % 200 = 0 then commit; end if;
    end loop;
  end $$;
`;

/** `sizeBytes` is about the size of the data directory; of the small files, 2 GB stands for 50,000. */
export function describeCase(name: CaseName, sizeBytes: number): Case {
  const part = sizeBytes / 2e9;
  const count = (n: number) => Math.max(10, Math.round(n * part));
  switch (name) {
    case 'mixed':
      return {
        name,
        title: 'mixed: pgbench, prose, numbers, jsonb, indexes',
        pgbenchScale: Math.max(1, Math.round(50 * part)),
        sql: [
          sentencesSql,
          articlesSql(count(1_500_000)),
          'create index on articles (author);',
          ordersSql(count(4_500_000)),
          eventsSql(count(1_500_000)),
        ],
        clones: 0,
      };
    case 'large':
      return {
        name,
        title: 'large: one table in segments of 1 GiB',
        pgbenchScale: 0,
        sql: [sentencesSql, articlesSql(count(6_500_000))],
        clones: 0,
      };
    case 'small':
      return {
        name,
        title: 'small: tables and indexes of 8 to 16 KiB',
        pgbenchScale: 0,
        sql: [manyTablesSql(count(2_400))],
        clones: 9,
      };
  }
}
