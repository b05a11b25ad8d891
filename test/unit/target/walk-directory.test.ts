import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hasEntries } from '../../../src/target/walk-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

it('knows whether a directory holds so many entries, at any depth', async () => {
  await using root = await temporaryDirectory();
  await mkdir(join(root.path, 'a/b'), { recursive: true });
  for (const path of ['a/b/1', 'a/b/2', 'a/3', '4', 'kept']) await writeFile(join(root.path, path), '');
  const wanted = (name: string): boolean => name !== 'kept';
  for (const count of [1, 2, 3, 5, 6]) expect(hasEntries(root.path, count, wanted), `${count}`).toBe(true);
  expect(hasEntries(root.path, 7, wanted)).toBe(false);
  expect(hasEntries(root.path, 7)).toBe(true);
});
