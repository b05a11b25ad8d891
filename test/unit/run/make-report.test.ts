import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import type { ErrorData } from '../../../src/errors/serialize.ts';
import { type JournalDatabase, openJournal } from '../../../src/journal/open.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import { verdictOf } from '../../../src/run/drill-verdict.ts';
import { makeReport } from '../../../src/run/make-report.ts';
import {
  drillPlan,
  drillRequest,
  passedProof,
  recordDrill,
  recordRecovery,
  recordRun,
} from '../../support/recorded-run.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Records into a journal of its own, and reads the report of the last run. */
async function reportAfter(
  record: (database: JournalDatabase) => { readonly id: string },
): Promise<RunReport> {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'journal.sqlite');
  const database = openJournal(file);
  try {
    const { id } = record(database);
    const report = makeReport(file, id);
    expect(verdictOf(database, id)).toEqual({
      verdict: report.verdict === 'passed' ? 'passed' : 'failed',
      exitCode: report.verdict === 'passed' ? 0 : 6,
      findings: report.findings,
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    return report;
  } finally {
    database.close();
  }
}

const at = '2026-11-22T22:00:00.000Z';
const error = (code: ErrorData['code'], message: string, details = {}): ErrorData => ({
  code,
  message,
  details,
  hint: 'Do something.',
  causes: [],
});
const outcomes = (report: RunReport) =>
  Object.fromEntries(report.proofs.map(({ id, outcome }) => [id, outcome]));
const proofIn = (report: RunReport, id: string) => report.proofs.find((proof) => proof.id === id);

test('a drill in which all was well passed, with a line for each proof and what it measured', async () => {
  const report = await reportAfter((database) => recordDrill(database, { id: 'd', startedAt: at }));
  expect(report).toMatchObject({ verdict: 'passed', findings: [], kind: 'drill', status: 'completed' });
  expect(outcomes(report)).toEqual({
    backup: 'passed',
    wal: 'passed',
    files: 'passed',
    pages: 'skipped',
    recovery: 'passed',
    database: 'passed',
    'amcheck:app': 'passed',
    rto: 'skipped',
    rpo: 'skipped',
    regression: 'skipped',
  });
  // 10 s of checks, 103 s of restoring, 60 s of replay and 5 s until the first answer: no proof, no tear-down.
  expect(report.measures).toMatchObject({
    rtoMs: 178_000,
    rpoMs: Date.parse(at) - Date.parse('2026-11-22T21:29:58.731Z'),
    lastCommitAt: '2026-11-22T21:29:58.731204Z',
    behindArchiveMs: 0,
    interruptions: 0,
    storedBytes: 13_000,
    restoredBytes: 40_000,
    walBytes: 0x7a3f2b8 - 0x28,
  });
  expect(report.source).toMatchObject({ backup: '20261120T020000', recoveryTarget: 'the end of the WAL' });
  expect(report.plan.map(({ title }) => title)).toContain('What happens');
  expect(report.headline).toBe(
    'Backup 20261120T020000 was restored and proved, and answered queries after 2 m 58 s; its last commit was 30 m 01 s old.',
  );
  expect(report.trend.map(({ runId, verdict }) => [runId, verdict])).toEqual([['d', 'passed']]);
  expect(report.phases.map(({ phase, bytes }) => [phase, bytes])).toContainEqual(['restoreBase', 13_000]);
});

test('what the database was asked about a thing stands in the place of what was known before', async () => {
  const recovery = { ...passedProof('recovery'), summary: 'asked' };
  const report = await reportAfter((database) =>
    recordDrill(database, { id: 'd', startedAt: at, proofs: [recovery, passedProof('identity')] }),
  );
  expect(report.proofs.map(({ id }) => id)).toEqual([
    ...['backup', 'wal', 'files', 'pages', 'recovery', 'database', 'identity'],
    ...['rto', 'rpo', 'regression'],
  ]);
  expect(proofIn(report, 'recovery')?.summary).toBe('asked');
});

test('a damaged page is found by its own line, whatever was recovered', async () => {
  const verdict = {
    ...{ state: 'checked', by: 'odo', pages: 9, suspectPages: 1, durationMs: 5, cutFiles: [], maps: [] },
    ...{ damagedPages: 1, mapPages: 0 },
    damaged: [{ path: 'base/5/16401', block: 17, expected: 1, found: 2 }],
  };
  const plan = { ...drillPlan, pageChecksums: 'auto' } as const;
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    recordRecovery(run, { plan });
    run.do('promote', 0, verdict, 'page checksums');
    run.do('prove', 1, { readyAt: run.now() });
    run.status('completed');
    return run;
  });
  expect(report.findings.map(({ about }) => about)).toEqual(['pages']);
  expect(proofIn(report, 'pages')).toMatchObject({
    outcome: 'failed',
    summary: '1 of 9 pages does not match: block 17 of base/5/16401.',
  });
});

test('a failed proof fails the drill with a finding of its own', async () => {
  const broken = { ...passedProof('amcheck:app'), outcome: 'failed', summary: '1 index is broken' } as const;
  const report = await reportAfter((database) =>
    recordDrill(database, { id: 'd', startedAt: at, proofs: [passedProof('collations'), broken] }),
  );
  expect(report).toMatchObject({ verdict: 'failed', headline: 'amcheck:app: 1 index is broken' });
  expect(report.findings).toEqual([{ about: 'amcheck:app', message: 'amcheck:app: 1 index is broken' }]);
});

test.for([
  ['restoreBase', 'ARCHIVE_CORRUPT', {}, 'files'],
  [
    'restoreBase',
    'VERIFICATION_FAILED',
    { mismatches: [{ path: 'a', what: 'size', found: 1, expected: 2 }] },
    'files',
  ],
  [
    'promote',
    'VERIFICATION_FAILED',
    { damaged: [{ path: 'base/5/1', block: 17, expected: 1, found: 2 }] },
    'pages',
  ],
  ['restoreBase', 'BACKUP_INCOMPLETE', {}, 'backup'],
  ['restoreWal', 'ARCHIVE_CORRUPT', {}, 'wal'],
  ['seal', 'VERIFICATION_FAILED', {}, 'files'],
  ['recover', 'RECOVERY_FAILED', { serverLog: ['PANIC'] }, 'recovery'],
  ['promote', 'ARCHIVE_CORRUPT', {}, 'wal'],
  ['promote', 'VERIFICATION_FAILED', {}, 'recovery'],
  ['prove', 'RECOVERY_FAILED', {}, 'database'],
] as const)('in %s, %s %j fails the proof %s', async ([step, code, details, id]) => {
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    run.do('preflight', 1, { contents: drillPlan.contents });
    run.do('plan', 1, drillPlan);
    const attempt = run.begin(step);
    run.wait(7);
    run.fail(step, attempt, error(code, 'It is bad.', details));
    run.do('tearDown', 1);
    run.status('completed');
    return run;
  });
  expect(report).toMatchObject({ verdict: 'failed', headline: 'It is bad.' });
  expect(report.findings).toEqual([{ about: id, message: 'It is bad.' }]);
  const failed = report.proofs.filter(({ outcome }) => outcome === 'failed');
  expect(failed.map((proof) => [proof.id, proof.summary])).toEqual([[id, 'It is bad.']]);
  expect(failed[0]?.details.at(-1)).toBe(step === 'recover' ? 'PANIC' : 'Do something.');
  expect(outcomes(report).rto).toBe('not-reached');
});

test('what a page or a file is wrong in is in the details of its line', async () => {
  const damaged = [{ path: 'base/5/16401', block: 17, expected: 1234, found: 4321 }];
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    run.do('plan', 1, drillPlan);
    run.fail(
      'restoreBase',
      run.begin('restoreBase'),
      error('VERIFICATION_FAILED', 'Bad pages.', { damaged }),
    );
    return run;
  });
  expect(proofIn(report, 'pages')?.details[0]).toBe(
    'block 17 of base/5/16401: its checksum is 4321 instead of 1234',
  );
});

test('a drill that was refused because WAL is missing failed: the backup itself is complete', async () => {
  const missing = error('WAL_MISSING', 'Segment 7 is missing.');
  const other = error('NOT_ENOUGH_SPACE', 'There is no room.');
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    run.do('preflight', 1, { contents: drillPlan.contents });
    run.status('refused', missing);
    run.event({ type: 'refused', error: missing, others: [other] });
    return run;
  });
  expect(report).toMatchObject({ verdict: 'failed', headline: 'Segment 7 is missing. (and 1 more)' });
  expect(report.findings.map(({ about }) => about)).toEqual(['wal', 'run']);
  expect(outcomes(report)).toMatchObject({ backup: 'passed', wal: 'failed', files: 'not-reached' });
});

test('trouble of the surroundings proves nothing', async () => {
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    run.do('plan', 1, drillPlan);
    run.fail('restoreBase', run.begin('restoreBase'), error('STORAGE_UNAVAILABLE', 'The store is away.'));
    run.status('failed', error('STORAGE_UNAVAILABLE', 'The store is away.'));
    return run;
  });
  expect(report).toMatchObject({ verdict: 'unfinished', next: 'odo resume d' });
  expect(report.findings).toEqual([{ about: 'run', message: 'The store is away.' }]);
  expect(report.headline).toContain('The store is away.');
  expect(proofIn(report, 'files')?.outcome).toBe('not-reached');
});

test('a proof that a run has not come to is told, so that nobody takes silence for a pass', async () => {
  const assertions = [
    { name: 'newest order', database: null, sql: '', expect: { kind: 'min-rows', rows: 1 }, timeoutMs: 1 },
  ] as const;
  const drill = { ...drillRequest, assertions, dump: true };
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill } });
    recordRecovery(run);
    run.begin('prove');
    run.do('prove', 1, passedProof('amcheck:app'), 'amcheck:app');
    return run;
  });
  expect(report.verdict).toBe('unfinished');
  expect(outcomes(report)).toMatchObject({
    database: 'passed',
    'amcheck:app': 'passed',
    dump: 'not-reached',
    'assertion:newest order': 'not-reached',
  });
  expect(outcomes(report).amcheck).toBeUndefined();
});

test('a pause between a kill and a resume is not counted, what was worked before the kill is', async () => {
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    run.do('preflight', 8, { contents: drillPlan.contents });
    run.do('plan', 2, drillPlan);
    run.begin('restoreBase');
    run.wait(40);
    run.sample('restoreBase', { unit: 'bytes', done: 100, total: 200, lsn: null });
    // Killed 3 s after its last sign of life, and found an hour later.
    run.wait(3 + 3600);
    run.resume();
    const base = run.begin('restoreBase');
    run.sample('restoreBase', { unit: 'bytes', done: 90, total: 200, lsn: null });
    run.wait(50);
    run.sample('restoreBase', { unit: 'bytes', done: 200, total: 200, lsn: null });
    run.end('restoreBase', base, { storedBytes: 200, files: 1, bytes: 1 });
    const prove = run.begin('prove');
    run.wait(5);
    run.end('prove', prove, { readyAt: run.now() });
    run.status('completed');
    return run;
  });
  expect(report.measures).toMatchObject({ rtoMs: (8 + 2 + 40 + 50 + 5) * 1000, interruptions: 1 });
  expect(
    report.phases
      .filter(({ phase }) => phase === 'restoreBase')
      .map(({ attempt, outcome, bytes }) => [attempt, outcome, bytes]),
  ).toEqual([
    [1, 'interrupted', 100],
    [2, 'completed', 110],
  ]);
});

test('a drill that was killed while it proved had answered before', async () => {
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    recordRecovery(run);
    run.begin('prove');
    run.wait(5);
    run.do('prove', 60, passedProof('collations'), 'collations');
    run.wait(600);
    run.resume();
    const prove = run.begin('prove');
    run.wait(5);
    run.end('prove', prove, { readyAt: run.now() });
    run.status('completed');
    return run;
  });
  expect(report.measures.rtoMs).toBe(178_000);
});

test('limits are proofs: with both figures, failed when exceeded', async () => {
  const limits = { maxRtoMs: 60_000, maxRpoMs: 3_600_000, maxRegression: null };
  const report = await reportAfter((database) =>
    recordDrill(database, { id: 'd', startedAt: at, request: { drill: { ...drillRequest, limits } } }),
  );
  expect(report.verdict).toBe('failed');
  expect(report.findings).toEqual([
    { about: 'rto', message: 'Recovery time: 2 m 58 s, more than the 1 m 00 s that are allowed' },
  ]);
  expect(proofIn(report, 'rpo')).toMatchObject({ outcome: 'passed', summary: '30 m 01 s, within 1 h 00 m' });
});

test('without a commit in the WAL the recovery point is the last checkpoint that it came to', async () => {
  const plan = {
    ...drillPlan,
    recovery: drillPlan.recovery && {
      ...drillPlan.recovery,
      proof: drillPlan.recovery.proof && { ...drillPlan.recovery.proof, lastCommit: null },
    },
  } as typeof drillPlan;
  const report = await reportAfter((database) =>
    recordDrill(database, {
      id: 'd',
      startedAt: at,
      recovery: { plan, promoted: { lastTransaction: null } },
    }),
  );
  expect(report.measures).toMatchObject({
    lastCommitAt: null,
    rpoMs: Date.parse(at) - Date.parse('2026-11-20T02:00:01Z'),
  });
});

test('commits of the archive that were not recovered are what it lies behind', async () => {
  const report = await reportAfter((database) =>
    recordDrill(database, {
      id: 'd',
      startedAt: at,
      recovery: { promoted: { lastTransaction: '2026-11-22T21:29:48.731204Z' } },
    }),
  );
  expect(report.measures.behindArchiveMs).toBe(10_000);
});

const night = (n: number): string => new Date(Date.parse(at) - n * 86_400_000).toISOString();
const limits = { maxRtoMs: null, maxRpoMs: null, maxRegression: 0.5 };

test('a drill that took longer than the median of the ones before it by more than is allowed fails', async () => {
  const report = await reportAfter((database) => {
    for (const n of [4, 3, 2, 1]) recordDrill(database, { id: `n${n}`, startedAt: night(n) });
    return recordDrill(database, {
      ...{ id: 'd', startedAt: at, recovery: { baseSeconds: 300 } },
      request: { drill: { ...drillRequest, limits } },
    });
  });
  expect(report.verdict).toBe('failed');
  expect(report.measures.regressions).toEqual([
    {
      ...{ measure: 'rto', nowMs: 378_000, usualMs: 178_000 },
      message: 'Until the database answered took 6 m 18 s, and 2 m 58 s is usual (median of 4 drills).',
    },
    {
      ...{ measure: 'restoreBase', nowMs: 300_000, usualMs: 100_000 },
      message:
        'Restoring the base backup took 5 m 00 s, and 1 m 40 s is usual for as many bytes (median of 4 drills).',
    },
  ]);
  expect(proofIn(report, 'regression')).toMatchObject({ outcome: 'failed' });
  expect(report.trend.map(({ runId }) => runId)).toEqual(['n4', 'n3', 'n2', 'n1', 'd']);
});

test.for([
  ['fewer than three drills', [2, 1], {}],
  ['drills that failed', [4, 3, 2, 1], { verdict: 'failed' }],
  [
    'drills of another database',
    [4, 3, 2, 1],
    { request: { drill: { ...drillRequest, database: 'other' } } },
  ],
  [
    'drills of another store',
    [4, 3, 2, 1],
    { request: { drill: drillRequest, source: { url: 's3://x', endpoint: null, region: null } } },
  ],
  ['drills that were held later', [-1, -2, -3], {}],
] as const)('%s are not compared with', async ([, nights, options]) => {
  const report = await reportAfter((database) => {
    for (const n of nights) recordDrill(database, { id: `n${n}`, startedAt: night(n), ...options });
    return recordDrill(database, {
      ...{ id: 'd', startedAt: at, recovery: { baseSeconds: 300 } },
      request: { drill: { ...drillRequest, limits } },
    });
  });
  expect(proofIn(report, 'regression')?.outcome).toBe('skipped');
  expect(report.measures.regressions).toEqual([]);
});

test('a report never changes: not when a later drill comes, nor when one that had begun before ends', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'journal.sqlite');
  const database = openJournal(file);
  const slow = recordRun(database, { id: 'slow', startedAt: night(1), request: { drill: drillRequest } });
  recordRecovery(slow);
  for (const n of [4, 3, 2]) recordDrill(database, { id: `n${n}`, startedAt: night(n) });
  recordDrill(database, { id: 'd', startedAt: at });
  const report = makeReport(file, 'd');
  slow.wait(3 * 86_400);
  slow.do('prove', 1, { readyAt: slow.now() });
  slow.status('completed');
  database.prepare("UPDATE run SET verdict = 'passed' WHERE id = 'slow'").run();
  recordDrill(database, { id: 'later', startedAt: night(-1) });
  expect(makeReport(file, 'd')).toEqual(report);
  expect(report.trend.map(({ runId }) => runId)).toEqual(['n4', 'n3', 'n2', 'd']);
  database.close();
});

test('a restore passed when it is completed, until its service answered; a hold is no interruption', async () => {
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'r', startedAt: at });
    recordRecovery(run, {
      plan: { ...drillPlan, drill: null, service: { kind: 'container', container: 'db' } },
    });
    run.event({ type: 'held', reason: 'at-target', facts: {} });
    run.status('held');
    run.wait(3600);
    run.resume();
    run.do('startService', 4);
    run.do('verify', 1, { systemIdentifier: '7', verifiedBy: 'query' });
    run.do('cleanUp', 2);
    run.status('completed');
    return run;
  });
  expect(report).toMatchObject({ verdict: 'passed', kind: 'restore', trend: [] });
  expect(report.measures).toMatchObject({ rtoMs: 178_000, interruptions: 0, maxRtoMs: null });
  expect(Object.keys(outcomes(report))).toEqual(['backup', 'wal', 'files', 'pages', 'recovery', 'service']);
});

test('what the run told is told again, oldest first', async () => {
  const report = await reportAfter((database) => {
    const run = recordRun(database, { id: 'd', startedAt: at, request: { drill: drillRequest } });
    run.event({ type: 'recovery', phase: 'recover', state: 'consistent', lsn: '0/1' });
    run.event({ type: 'notice', level: 'warning', message: 'Beware.' });
    run.event({ type: 'server-log', line: 'no' });
    return run;
  });
  expect(report.events.map(({ level, message }) => [level, message])).toEqual([
    ['info', 'the run began'],
    ['info', 'consistent at 0/1'],
    ['warning', 'Beware.'],
  ]);
});

test('there is no report of a run that is not there', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'journal.sqlite');
  openJournal(file).close();
  try {
    makeReport(file, 'none');
    expect.fail();
  } catch (found) {
    expect(errorCode(found)).toBe('RUN_NOT_FOUND');
  }
});
