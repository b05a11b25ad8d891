import type { ProofItem } from '../../src/report/run-report.ts';

/** What pg_amcheck says about an index that misses a row. */
export const brokenIndex: ProofItem = {
  id: 'amcheck:shop',
  title: 'Tables and indexes of shop',
  outcome: 'failed',
  summary: '1 problem in 212 relations',
  details: [
    'index "orders_email": heap tuple (0,1) from table "orders" lacks matching index tuple within index "orders_email"',
  ],
  durationMs: 4120,
};
