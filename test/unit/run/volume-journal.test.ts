import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { journalInVolume } from '../../../src/run/journal-in-volume.ts';
import { makeRun } from '../../../src/run/new-run.ts';
import { removeIdleJournal, requireVolume } from '../../../src/run/volume-journal.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('the journal of a volume goes when no run in it can go on, and no other journal does', async () => {
  await using volume = await temporaryDirectory();
  const file = journalInVolume(volume.path);
  const database = openJournal(file);
  const { runId } = makeRun(database, plainRequest);
  await removeIdleJournal(file);
  expect(existsSync(file)).toBe(true);
  database.prepare("UPDATE run SET status = 'completed' WHERE id = ?").run(runId);
  database.close();
  await removeIdleJournal(file);
  expect(await new DirectTree(volume.path).list('')).toEqual([]);

  const elsewhere = join(volume.path, 'journal.sqlite');
  openJournal(elsewhere).close();
  await removeIdleJournal(elsewhere);
  expect(existsSync(elsewhere)).toBe(true);
});

test('a volume must be there', async () => {
  await using directory = await temporaryDirectory();
  const at = (path: string) => ({ target: { kind: 'data-directory', path, isVolume: true } }) as const;
  await requireVolume(at(directory.path));
  await expect(requireVolume(at(join(directory.path, 'none')))).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
    message: expect.stringContaining('No volume is mounted'),
  });
});
