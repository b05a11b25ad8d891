import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listMeteredRuns } from '../../src/journal/metered-runs.ts';
import { openJournal, openJournalForReading } from '../../src/journal/open.ts';
import { readDurationHistory } from '../../src/run/duration-history.ts';
import { makeReport } from '../../src/run/make-report.ts';
import { listRuns, readStatus } from '../../src/run/status.ts';
import { buildOdo } from '../support/built-odo.ts';
import { longMetricsFile, writeLongJournal } from '../support/long-journal.ts';
import { odo } from '../support/odo-program.ts';
import { proofTally, whole } from '../support/proof.ts';
import { fullScansOf, statementsOf } from '../support/statements-read.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const proof = proofTally('long-and-large', 'long-and-large-journal');
const runs = whole ? 10_000 : 1000;
const fewRuns = 200;

describe(`a journal of ${runs} runs`, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let file: string;
  let few: string;
  let ids: readonly string[];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    file = join(directory.path, 'long.sqlite');
    few = join(directory.path, 'short.sqlite');
    ids = writeLongJournal(file, runs).ids;
    writeLongJournal(few, fewRuns);
    proof.figure('runs in the journal', runs);
  });
  afterAll(async () => {
    await directory?.[Symbol.asyncDispose]();
  });

  const newest = (of: string): string => listRuns(of, { last: 2 }).runs[1]?.runId ?? '';
  const asked: Record<string, (of: string) => unknown> = {
    'the list of runs': (of) => listRuns(of, { last: 20 }),
    'where one run stands': (of) => readStatus(of, newest(of)),
    'the report of a drill, with those before it': (of) => makeReport(of, newest(of)),
    'how long earlier restores took': (of) => readDurationHistory(of, expect.fail),
    'a start on it': (of) => openJournal(of).close(),
    'the measures of all databases': (of) => {
      const database = openJournalForReading(of) ?? expect.fail('no journal');
      const metered = listMeteredRuns(database, longMetricsFile, 0);
      database.close();
      return metered;
    },
  };

  test.each(Object.keys(asked))(
    '%s: as many statements as in a short one, none of them reads a table whole',
    (what) =>
      proof.case(() => {
        const ask = asked[what] ?? expect.fail(what);
        const statements = statementsOf(() => ask(file));
        expect(statements.length).toBeGreaterThan(0);
        expect(statements.length).toBeLessThanOrEqual(statementsOf(() => ask(few)).length);
        const database = openJournal(file);
        const scans = [...new Set(statements)].flatMap((sql) =>
          fullScansOf(database, sql).map((scan) => `${scan}: ${sql}`),
        );
        database.close();
        expect(scans).toEqual([]);
      }),
  );

  test('odo status shows the latest, says how many more there are, and finds any', () =>
    proof.case(async () => {
      const list = await odo(['status', '--journal', file]);
      expect(list.exitCode, list.stderr).toBe(0);
      const shown = list.stdout.trim().split('\n').slice(1);
      expect(shown.map((line) => line.split(' ')[0])).toEqual(ids.slice(-20).reverse());
      expect(list.stderr).toBe(
        `${runs - 20} older runs are not shown: odo status --last ${runs} --journal ${file}\n`,
      );
      const last = await odo(['status', '--last', '3', '--json', '--journal', file]);
      expect(last.events.map(({ runId }) => runId)).toEqual(ids.slice(-3).reverse());
      const oldest = await odo(['status', ids[0] ?? '', '--json', '--journal', file]);
      expect(oldest.events).toMatchObject([{ runId: ids[0], status: 'completed', verdict: 'failed' }]);
      const mistyped = await odo(['status', `${ids.at(-7)?.slice(0, -1)}_`, '--journal', file]);
      expect(mistyped.exitCode).toBe(10);
      expect(mistyped.stderr).toContain(ids.at(-7));
    }));

  test('odo status as it is published answers at once', () =>
    proof.case(() => {
      const cli = buildOdo(join(directory.path, 'built'));
      const took = Array.from({ length: 5 }, () => {
        const began = performance.now();
        const stdout = execFileSync(process.execPath, [cli, 'status', '--journal', file], { stdio: 'pipe' });
        expect(stdout.toString()).toContain(ids.at(-1));
        return performance.now() - began;
      });
      proof.figure('ms of odo status, the median of five', Math.round(took.sort((a, b) => a - b)[2] ?? 0));
    }));
});
