import type { PathFacts } from '../postgres/leftovers/server-view.ts';
import type { ServerInventory } from './server-inventory.ts';

/**
 * Modules that PostgreSQL brings itself (contrib and src/backend, 13 to 18), as file names in `$libdir`: what each of its
 * packagings has.
 */
const libraries = (
  'adminpack amcheck auth_delay auto_explain autoinc basebackup_to_shell basic_archive bloom btree_gin btree_gist ' +
  'citext cube dblink dict_int dict_snowball dict_xsyn earthdistance euc2004_sjis2004 file_fdw fuzzystrmatch hstore ' +
  'insert_username intarray isn libpqwalreceiver llvmjit lo ltree moddatetime old_snapshot pageinspect passwordcheck ' +
  'pg_buffercache pg_freespacemap pg_logicalinspect pg_overexplain pg_prewarm pg_stat_statements pg_surgery pg_trgm ' +
  'pg_visibility pg_walinspect pgcrypto pgoutput pgrowlocks pgstattuple pgxml plpgsql postgres_fdw refint seg sslinfo ' +
  'tablefunc tcn test_decoding tsm_system_rows tsm_system_time unaccent uuid-ossp'
).split(' ');

const writable: PathFacts = { kind: 'directory', readable: true, writable: true };
const missing: PathFacts = { kind: 'missing', readable: false, writable: false };

/** Where its server can write, beside its data directory (docker-library/postgres, Dockerfile-debian.template). */
const writableDirectories: readonly string[] = ['/var/run/postgresql', '/run/postgresql', '/tmp', '/var/tmp'];

/** What the official image is known to have, without an engine that could be asked: the least that a server has. */
export const officialInventory = (paths: readonly string[]): ServerInventory => ({
  version: null,
  user: 'postgres',
  libc: null,
  icu: null,
  locales: ['C', 'C.utf8', 'POSIX', 'en_US.utf8'],
  libraries,
  paths: Object.fromEntries(
    paths.map((path) => [path, writableDirectories.includes(path.replace(/\/+$/, '')) ? writable : missing]),
  ),
});
