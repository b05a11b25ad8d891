import { describe, expect, it } from 'vitest';
import { firstBlockOf, parseRelationFile } from '../../../src/postgres/relation-file.ts';

describe('files of relations', () => {
  it.each([
    ['base/5/16384', { databaseOid: 5, fileNode: 16384, fork: 'main', segment: 0 }],
    ['base/5/16384.3', { databaseOid: 5, fileNode: 16384, fork: 'main', segment: 3 }],
    ['base/5/16384_fsm', { databaseOid: 5, fileNode: 16384, fork: 'fsm', segment: 0 }],
    ['base/5/16384_vm.12', { databaseOid: 5, fileNode: 16384, fork: 'vm', segment: 12 }],
    ['base/5/16384_init', { databaseOid: 5, fileNode: 16384, fork: 'init', segment: 0 }],
    ['global/1262', { databaseOid: null, fileNode: 1262, fork: 'main', segment: 0 }],
    ['global/1262_vm', { databaseOid: null, fileNode: 1262, fork: 'vm', segment: 0 }],
    ['PG_15_202209061/5/16400', { databaseOid: 5, fileNode: 16400, fork: 'main', segment: 0 }],
    [
      'pg_tblspc/16399/PG_15_202209061/4294967295/16400.1',
      { databaseOid: 4294967295, fileNode: 16400, fork: 'main', segment: 1 },
    ],
  ])('%s is one', (path, expected) => {
    expect(parseRelationFile(path)).toEqual(expected);
  });

  it.each([
    'base/5/pg_filenode.map',
    'base/5/pg_internal.init',
    'base/5/PG_VERSION',
    'base/5/t3_16384',
    'base/5/16384_fsm.0',
    'base/5/16384.0',
    'base/5/16384_old',
    'base/5/016384',
    'base/5/4294967296',
    'base/5/16384/1',
    'base/5/16384\n',
    'base/pgsql_tmp/pgsql_tmp123.0',
    'base/16384',
    'global/pg_control',
    'global/5/16384',
    'pg_wal/000000010000000000000001',
    'pg_xact/0000',
    'pg_multixact/offsets/0000',
    'pg_tblspc/16399/5/16384',
    'some/base/5/16384',
    'postgresql.conf',
    '1262',
    '',
  ])('%j is none', (path) => {
    expect(parseRelationFile(path)).toBeNull();
  });

  it('know the block they begin with', () => {
    const file = { databaseOid: 5, fileNode: 16384, fork: 'main', segment: 3 } as const;
    expect(firstBlockOf(file, 8192)).toBe(3 * 131_072);
    expect(firstBlockOf(file, 32_768)).toBe(3 * 32_768);
    expect(firstBlockOf(file, 8192, 1024)).toBe(3072);
    expect(firstBlockOf({ ...file, segment: 0 }, 8192)).toBe(0);
  });
});
