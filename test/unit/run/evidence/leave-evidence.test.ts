import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type JournalDatabase, openJournal } from '../../../../src/journal/open.ts';
import { withEvidence } from '../../../../src/run/evidence/leave-evidence.ts';
import type { RunOutcome } from '../../../../src/run/run-api.ts';
import type { RunEvent } from '../../../../src/run/run-events.ts';
import type { EvidenceRequest } from '../../../../src/steps/drill-request.ts';
import { parseExposition } from '../../../support/prometheus-text.ts';
import { drillRequest, recordDrill, recordRecovery, recordRun } from '../../../support/recorded-run.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { webhookReceiver } from '../../../support/webhook-receiver.ts';

/** Metrics show no run that is long over. */
const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

const evidence = (asked: Partial<EvidenceRequest>): EvidenceRequest => ({
  ...{ reports: [], metricsFile: null, notifyUrl: null },
  ...asked,
});

async function journalIn(directory: { readonly path: string }) {
  const file = join(directory.path, 'journal.sqlite');
  const database: JournalDatabase = openJournal(file);
  const leave = async (runId: string, notifySecret: string | null = null): Promise<RunEvent[]> => {
    const events: RunEvent[] = [];
    const surroundings = {
      ...{ journalFile: file, notifySecret, signal: new AbortController().signal },
      onEvent: (event: RunEvent) => {
        events.push(event);
      },
    };
    const outcome = { runId, exitCode: 6 } as RunOutcome;
    expect(await withEvidence(surroundings, async () => outcome)).toBe(outcome);
    return events;
  };
  return { file, database, leave, [Symbol.dispose]: () => database.close() };
}
const told = (events: readonly RunEvent[]) =>
  events.map((event) => (event.type === 'evidence' ? [event.kind, event.problem] : [event.type, event]));

test('every form of the report is left where it was asked for, and only for whom it concerns', async () => {
  await using directory = await temporaryDirectory();
  using journal = await journalIn(directory);
  const names = ['run.html', 'run.md', 'run.json', 'RUN.XML'];
  const reports = names.map((name) => join(directory.path, 'new', 'folder', name));
  const request = { drill: drillRequest, evidence: evidence({ reports }) };
  recordDrill(journal.database, { id: 'd', startedAt: minutesAgo(60), request });
  expect(told(await journal.leave('d'))).toEqual(names.map(() => ['report', null]));
  const contents = await Promise.all(reports.map((file) => readFile(file, 'utf8')));
  const beginnings = ['<!doctype html>', '# Passed: Recovery drill of orders', '{', '<?xml'];
  for (const [index, start] of beginnings.entries()) expect(contents[index]?.startsWith(start)).toBe(true);
  expect((await stat(reports[0] ?? '')).mode & 0o777).toBe(0o640);
  expect(await readdir(join(directory.path, 'new', 'folder'))).toEqual(names.toSorted());
});

test('what was left is not left again, and what was not is: odo may have been killed in between', async () => {
  await using directory = await temporaryDirectory();
  await using receiver = await webhookReceiver([200]);
  using journal = await journalIn(directory);
  const asked = evidence({ reports: [join(directory.path, 'run.md')], notifyUrl: receiver.url });
  const run = recordDrill(journal.database, {
    ...{ id: 'd', startedAt: minutesAgo(60), request: { drill: drillRequest, evidence: asked } },
  });
  expect(told(await journal.leave('d'))).toEqual([
    ['report', null],
    ['notification', null],
  ]);
  expect(await journal.leave('d')).toEqual([]);
  expect(receiver.deliveries).toHaveLength(1);
  // As if the notification had not been come to.
  journal.database.prepare("DELETE FROM event WHERE data ->> '$.kind' = 'notification'").run();
  expect(told(await journal.leave('d'))).toEqual([['notification', null]]);
  // Another end of the run, when a kept database was removed: told anew.
  run.resume();
  run.wait(60);
  run.status('completed');
  expect(told(await journal.leave('d'))).toHaveLength(2);
  const ids = receiver.deliveries.map(({ headers }) => headers['odo-delivery']);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
});

test('what cannot be left is told, and the rest is left all the same', async () => {
  await using directory = await temporaryDirectory();
  await using receiver = await webhookReceiver([400]);
  using journal = await journalIn(directory);
  await writeFile(join(directory.path, 'file'), '');
  const reports = [join(directory.path, 'file', 'run.md'), join(directory.path, 'run.json')];
  const asked = evidence({ reports, notifyUrl: receiver.url });
  recordDrill(journal.database, {
    ...{ id: 'd', startedAt: minutesAgo(60), request: { drill: drillRequest, evidence: asked } },
  });
  const events = await journal.leave('d');
  expect(told(events)).toEqual([
    ['report', expect.stringMatching(/run\.md was not written: E(?:NOTDIR|EXIST)/)],
    ['report', null],
    ['notification', expect.stringMatching(/was not notified: it answers 400\.$/)],
  ]);
  expect(JSON.stringify(events)).not.toContain('path-that-is-a-secret');
});

test('the notification is signed with the secret, which is nowhere else', async () => {
  await using directory = await temporaryDirectory();
  await using receiver = await webhookReceiver([200]);
  using journal = await journalIn(directory);
  const asked = evidence({ reports: [join(directory.path, 'run.json')], notifyUrl: receiver.url });
  recordDrill(journal.database, {
    ...{ id: 'd', startedAt: minutesAgo(60), request: { drill: drillRequest, evidence: asked } },
  });
  await journal.leave('d', 'only-known-to-both');
  const [delivery] = receiver.deliveries;
  expect(delivery?.headers['odo-signature']).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
  expect(JSON.parse(delivery?.body ?? '')).toMatchObject({
    runId: 'd',
    verdict: 'passed',
    database: 'orders',
  });
  journal.database.pragma('wal_checkpoint(TRUNCATE)');
  const written = [await readFile(journal.file, 'latin1'), await readFile(asked.reports[0] ?? '', 'latin1')];
  for (const text of [...written, JSON.stringify(delivery)]) expect(text).not.toContain('only-known-to-both');
});

test('a run that goes on, and one that nobody asked anything about, leave nothing', async () => {
  await using directory = await temporaryDirectory();
  using journal = await journalIn(directory);
  const asked = evidence({ reports: [join(directory.path, 'run.md')] });
  const request = { drill: drillRequest, evidence: asked };
  recordRecovery(recordRun(journal.database, { id: 'on', startedAt: minutesAgo(60), request }));
  recordDrill(journal.database, { id: 'bare', startedAt: minutesAgo(60) });
  expect(await journal.leave('on')).toEqual([]);
  expect(await journal.leave('bare')).toEqual([]);
  expect(await readdir(directory.path)).not.toContain('run.md');
});

test('drills of several databases that end at once share one metrics file, each with its latest', async () => {
  await using directory = await temporaryDirectory();
  using journal = await journalIn(directory);
  // A collector's directory is often a link.
  await symlink(directory.path, join(directory.path, 'link'));
  const metricsFile = join(directory.path, 'link', 'odo.prom');
  const drill = (id: string, database: string, minutes: number, verdict: 'passed' | 'failed') => {
    const request = { drill: { ...drillRequest, database }, evidence: evidence({ metricsFile }) };
    const broken = { id: 'x', title: 'X', summary: 'broken', details: [], durationMs: 1 };
    const proofs = [{ ...broken, outcome: verdict }];
    recordDrill(journal.database, { id, startedAt: minutesAgo(minutes), request, verdict, proofs });
  };
  drill('a1', 'a', 90, 'passed');
  drill('a2', 'a', 60, 'failed');
  drill('b1', 'b', 60, 'passed');
  drill('c1', 'c', 60, 'passed');
  await Promise.all(['a2', 'b1', 'c1'].map((id) => journal.leave(id)));
  const series = parseExposition(await readFile(metricsFile, 'utf8'));
  const of = (name: string) =>
    series.filter((one) => one.name === name).map(({ labels, value }) => [labels.database, value]);
  expect(of('odo_drill_success')).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 1],
  ]);
  const successes = Object.fromEntries(of('odo_drill_last_success_timestamp_seconds'));
  expect(successes.a).toBeLessThan(successes.b);
  expect((await stat(metricsFile)).mode & 0o777).toBe(0o644);
  expect(await readdir(directory.path)).toEqual(
    expect.not.arrayContaining([expect.stringContaining('odo-tmp')]),
  );
});
