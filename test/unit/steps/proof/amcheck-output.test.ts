import { expect, test } from 'vitest';
import { parseAmcheckOutput } from '../../../../src/steps/proof/amcheck-output.ts';

test('each problem that pg_amcheck prints is one sentence that names its object', () => {
  // Of PostgreSQL 15.
  const printed = `heap table "app.public.t", block 1, offset 2, attribute 1:
    attribute with length 4294967295 ends at offset 123 beyond total tuple length 61
heap table "app.public.t":
    ERROR:  invalid page in block 3 of relation base/16388/16392
btree index "app.public.t_f":
    ERROR:  heap tuple (0,1) from table "t" lacks matching index tuple within index "t_f"
    HINT:  Retrying verification using the function bt_index_parent_check() might provide a more specific error.
`;
  expect(parseAmcheckOutput(printed)).toEqual([
    'heap table app.public.t, block 1, offset 2, attribute 1: attribute with length 4294967295 ends at offset 123 beyond total tuple length 61',
    'heap table app.public.t: invalid page in block 3 of relation base/16388/16392',
    'btree index app.public.t_f: heap tuple (0,1) from table "t" lacks matching index tuple within index "t_f"',
  ]);
  expect(parseAmcheckOutput('')).toEqual([]);
});
