import { type DrillSummary, summarizeDrills } from '../../src/report/summary.ts';
import { failedDrill, hostileText, interruptedDrill, passedDrill } from './sample-report.ts';

/** Drills of a night: most passed, one failed, one stands, one could not begin. */
export const sampleSummary: DrillSummary = summarizeDrills(
  [
    ...['orders', 'billing', 'customers', 'stock_of_the_warehouses'].map((database) => ({
      ...{ database, exitCode: 0, report: passedDrill, reason: null },
      reports: [`drills-${database}.html`, `drills-${database}.xml`],
    })),
    { database: 'shop', exitCode: 6, report: failedDrill, reason: null, reports: ['drills-shop.html'] },
    {
      database: 'search',
      exitCode: 5,
      report: interruptedDrill,
      reason: null,
      reports: ['drills-search.html'],
    },
    { database: hostileText, exitCode: 2, report: null, reason: hostileText, reports: [] },
  ],
  { startedAt: '2026-11-22T22:00:00.000Z', endedAt: '2026-11-22T23:10:00.000Z' },
);
