import { expect, test } from 'vitest';
import type { CliApi } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import type { RunStatus } from '../../../src/run/run-api.ts';
import { sampleStatus } from '../../../tools/sample-events.ts';
import { fakeApi, fakeHost } from './fake-host.ts';

const runs: readonly RunStatus[] = [
  { ...sampleStatus, runId: 'done', status: 'completed', next: null },
  { ...sampleStatus, runId: 'broken', status: 'failed', next: 'odo resume broken' },
  { ...sampleStatus, runId: 'waiting', status: 'held', next: 'odo promote waiting' },
];

async function completed(words: string, listRuns: CliApi['listRuns']): Promise<[number, string, string]> {
  const host = fakeHost();
  const code = await runProgram(words.split(' '), fakeApi({ listRuns }), host);
  return [code, host.stdout.text(), host.stderr.text()];
}

test.each([
  ['status', ['done', 'broken', 'waiting']],
  ['report', ['done', 'broken', 'waiting']],
  ['resume', ['broken', 'waiting']],
  ['promote', ['waiting']],
  ['abandon', ['broken', 'waiting']],
])('odo %s is offered the runs that it has something to do with', async (command, ids) => {
  const [code, stdout] = await completed(`complete-runs ${command}`, () => ({ runs, total: runs.length }));
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.split('\t')[0])).toEqual(ids);
  expect(lines[0]).toMatch(/\trestore, \w+: \S/);
});

test('a journal that cannot be read offers nothing, and says nothing into the line that is being typed', async () => {
  const broken = () => {
    throw new OdoError('JOURNAL_FAILED', 'The journal cannot be used.');
  };
  expect(await completed('complete-runs resume', broken)).toEqual([0, '', '']);
});

test('the hidden command is in no help and in no script', async () => {
  const listRuns = () => ({ runs: [], total: 0 });
  for (const words of ['--help', 'completion bash', 'completion fish']) {
    const [, stdout] = await completed(words, listRuns);
    expect(stdout.replaceAll(/\(odo complete-runs|odo complete-runs \w+ 2>/g, '')).not.toContain(
      'complete-runs',
    );
  }
  expect((await completed('completion tcsh', listRuns))[0]).toBe(2);
});
