import { expect, test } from 'vitest';
import { openJournal } from '../../../../src/journal/open.ts';
import { measureRun } from '../../../../src/run/report/measured-run.ts';
import { workedMs, workOf } from '../../../../src/run/report/phase-spans.ts';
import { drillPlan, recordRun } from '../../../support/recorded-run.ts';

test.each([
  { what: 'a day has gone by', seconds: 86_400 },
  { what: 'the clock was put back an hour', seconds: -3600 },
])('between a kill and a resume $what: what was worked before and behind it counts', ({ seconds }) => {
  const database = openJournal(':memory:');
  const run = recordRun(database, { id: 'r', startedAt: '2026-11-22T22:00:00Z' });
  run.do('preflight', 8);
  run.do('plan', 2, drillPlan);
  run.begin('restoreBase');
  run.wait(60);
  run.event({ type: 'notice', level: 'info', message: 'The last that is known of it.' });
  run.wait(seconds);
  run.resume();
  run.do('restoreBase', 40);
  run.do('verify', 5);
  run.do('cleanUp', 3);
  const work = workOf(database, 'r');
  const { rtoMs } = measureRun(database, { runId: 'r', startedAtMs: 0 }, work);
  expect(rtoMs).toBe(115_000);
  expect(workedMs(work.spans, Number.POSITIVE_INFINITY)).toBe(118_000);
});
