import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startRun } from '../../../src/run/executor.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('an address of a kind that odo does not read makes no run', async () => {
  await using directory = await temporaryDirectory();
  const journalFile = join(directory.path, 'journal.sqlite');
  const request = { ...plainRequest, source: { url: 'gcs://backups/pg', endpoint: null, region: null } };
  const surroundings = {
    journalFile,
    credentials: null,
    onEvent: () => {},
    confirm: async () => ({ answer: 'decline' as const }),
    agree: async () => false,
    signal: new AbortController().signal,
  };
  await expect(startRun(request, surroundings)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('Did you mean gs://BUCKET/PREFIX?'),
  });
  expect(existsSync(journalFile)).toBe(false);
});
