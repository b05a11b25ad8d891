import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDirectoryStorage } from '../../../src/storage/directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('what is stored beside a backup in a directory is not for everybody, whatever the umask', async () => {
  await using directory = await temporaryDirectory();
  const before = process.umask(0);
  try {
    const storage = openDirectoryStorage(directory.path);
    await storage.writeSmall('odo-index/base.json.gz', Buffer.from('x'), new AbortController().signal);
  } finally {
    process.umask(before);
  }
  const modeOf = async (...names: string[]) => (await stat(join(directory.path, ...names))).mode & 0o777;
  expect(await modeOf('odo-index')).toBe(0o750);
  expect(await modeOf('odo-index', 'base.json.gz')).toBe(0o640);
});
