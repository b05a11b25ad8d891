import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeSummary } from '../../../src/cli/write-summary.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { summarizeDrills } from '../../../src/report/summary.ts';
import { passedDrill } from '../../support/sample-report.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { fakeHost } from './fake-host.ts';

test('a summary that cannot be written is told, and keeps no other from being written', async () => {
  await using directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  await writeFile(at('file'), '');
  const loaded = loadSettings({
    flags: { report: [at('file/all.md'), at('new/all.json')] },
    ...{ env: {}, cwd: directory.path, keys: ['report'], clock: { nowMs: 0, timeZone: 'UTC' } },
  });
  const ended = [{ database: 'orders', exitCode: 0, report: passedDrill, reason: null, reports: [] }];
  const times = { startedAt: passedDrill.startedAt, endedAt: passedDrill.startedAt };
  const host = fakeHost();
  await writeSummary(loaded, summarizeDrills(ended, times), ended, host);
  expect(host.stderr.text()).toMatch(/^warning: .*file\/all\.md was not written: E(?:NOTDIR|EXIST)/);
  expect(JSON.parse(await readFile(at('new/all.json'), 'utf8'))).toMatchObject({ verdict: 'passed' });
});
