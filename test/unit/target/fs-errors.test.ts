import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { OdoError } from '../../../src/errors/odo-error.ts';
import { fsError } from '../../../src/target/fs-errors.ts';

/** As Node makes it of what libuv returned. */
const systemError = (code: string, errno: number): Error =>
  Object.assign(new Error(`${code}: write`), { code, errno: -errno, syscall: 'write' });

test('a used-up quota, for which libuv has no name, is a lack of space', () => {
  const cause = systemError('Unknown system error -122', constants.errno.EDQUOT);
  expect(fsError(cause, '/data/base/1')).toMatchObject({
    code: 'NOT_ENOUGH_SPACE',
    message: 'No space is left for /data/base/1: the quota is used up.',
    details: { path: '/data/base/1', errno: 'EDQUOT' },
  });
});

test('a full disk is told with what is free on it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'odo-test-full-'));
  try {
    const error = fsError(systemError('ENOSPC', constants.errno.ENOSPC), join(directory, 'file')) as OdoError;
    expect(error).toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
    expect(error.message).toMatch(/file: [\d.]+ MiB of [\d.]+ MiB are free there\.$/);
  } finally {
    rmSync(directory, { recursive: true });
  }
  const nowhere = fsError(systemError('ENOSPC', constants.errno.ENOSPC), '/no/such/file') as OdoError;
  expect(nowhere.message).toBe('No space is left for /no/such/file.');
});
