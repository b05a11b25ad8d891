import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FollowedFile } from '../../../src/service/followed-file.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

it('hands on each line once and in order, also one that is written in two goes and one that never ends', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'server.log');
  const lines: string[] = [];
  await writeFile(path, 'there before\nhalf ');
  const followed = new FollowedFile(path, (line) => lines.push(line));
  await followed.follow();
  await waitUntil('the first line is handed on', () => lines.length === 1);
  const umlaut = Buffer.from('ä\n\nnext\n');
  // In the middle of a character.
  await appendFile(path, umlaut.subarray(0, 1));
  await appendFile(path, umlaut.subarray(1));
  await waitUntil('the others are', () => lines.length === 4);
  await appendFile(path, 'last words');
  await followed.end();
  expect(lines).toEqual(['there before', 'half ä', '', 'next', 'last words']);
});

it('lets go without a word more', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'server.log');
  const lines: string[] = [];
  await writeFile(path, 'one\n');
  const followed = new FollowedFile(path, (line) => lines.push(line));
  await followed.follow();
  await waitUntil('the line is handed on', () => lines.length === 1);
  await followed[Symbol.asyncDispose]();
  await appendFile(path, 'two\n');
  await followed[Symbol.asyncDispose]();
  expect(lines).toEqual(['one']);
});
