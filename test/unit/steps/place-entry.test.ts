import { expect, it } from 'vitest';
import { placeDataEntry } from '../../../src/steps/place-entry.ts';

const placed = (path: string, kind: 'file' | 'directory' | 'link' = 'file') => {
  const placement = placeDataEntry({ kind, path });
  return placement.kind === 'write' ? placement.path : placement.kind;
};

it('writes what belongs to the cluster where it was', () => {
  for (const path of [
    'base/5/16384',
    'global/1262',
    'pg_wal',
    'pg_xact/0000',
    'postgresql.conf',
    'base/5/pgsql',
  ])
    expect(placed(path)).toBe(path);
  expect(placed('pg_replslot', 'directory')).toBe('pg_replslot');
});

it('leaves out what the source server left behind, and what a server makes anew', () => {
  for (const path of [
    ...[
      'postmaster.pid',
      'recovery.signal',
      'backup_label.old',
      'pg_replslot/one/state',
      'pg_stat_tmp/db_0.stat',
    ],
    ...['base/pgsql_tmp/pgsql_tmp1234.0', 'base/5/pgsql_tmp1', 'pgsql_tmp', 'pg_tblspc/1/PG_15/pgsql_tmp/x'],
    ...['.odo-sealed/pg_control', '.odo-run.json'],
  ])
    expect(placed(path), path).toBe('skip');
  expect(placed('pg_tblspc/16400', 'link')).toBe('skip');
});

it('puts aside what makes the directory startable, and keeps in memory what is looked at', () => {
  expect(placed('global/pg_control')).toBe('.odo-sealed/pg_control');
  expect(placed('backup_label')).toBe('.odo-sealed/backup_label');
  expect(placeDataEntry({ kind: 'file', path: 'PG_VERSION' })).toMatchObject({
    kind: 'capture',
    path: 'PG_VERSION',
  });
  expect(placeDataEntry({ kind: 'file', path: 'tablespace_map' })).toEqual({
    kind: 'capture',
    name: 'tablespace_map',
  });
});

it('moves what lies in a tablespace’s directory to where the plan has the tablespace', () => {
  const tablespaces = [{ oid: '16400', path: 'odo_tablespaces/16400' }];
  const moved = (path: string) => placeDataEntry({ kind: 'file', path }, tablespaces);
  expect(moved('pg_tblspc/16400/PG_17_202406281/5/1')).toEqual({
    kind: 'write',
    path: 'odo_tablespaces/16400/PG_17_202406281/5/1',
  });
  expect(moved('pg_tblspc/16400')).toEqual({ kind: 'write', path: 'odo_tablespaces/16400' });
  expect(moved('pg_tblspc/16401/PG_17_202406281/5/1')).toMatchObject({
    path: 'pg_tblspc/16401/PG_17_202406281/5/1',
  });
  expect(moved('pg_tblspc')).toMatchObject({ path: 'pg_tblspc' });
});
