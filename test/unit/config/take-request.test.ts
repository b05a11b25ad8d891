import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeSettings } from '../../../src/cli/options.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { toTakeRequest } from '../../../src/config/take-request.ts';
import type { OdoError } from '../../../src/errors/odo-error.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const clock = { nowMs: Date.parse('2026-11-28T10:00:00Z'), timeZone: 'UTC' };
const url = 's3://backups/main';

const requested = (flags: Record<string, string | boolean | string[]>, cwd = '/nowhere') =>
  toTakeRequest(loadSettings({ flags: { url, ...flags }, env: {}, cwd, keys: takeSettings, clock }), cwd);

test('says which server, and how, with the defaults', () => {
  expect(requested({ container: 'shop-db-1' })).toEqual({
    target: { url, endpoint: null, region: null },
    server: { kind: 'container', container: 'shop-db-1' },
    compression: 'zstd',
    labels: {},
    retention: { keepLast: null, keepForMs: null },
  });
});

test('takes labels, durations and numbers', () => {
  const request = requested({
    local: true,
    label: ['release=2.4', 'note=a=b'],
    keepLast: '7',
    keepFor: '14d',
  });
  expect(request.labels).toEqual({ release: '2.4', note: 'a=b' });
  expect(request.retention).toEqual({ keepLast: 7, keepForMs: 14 * 86_400_000 });
  expect(request.server).toEqual({ kind: 'local', binDir: null, conninfo: null });
});

test('a connection string hides the service of odo.yaml', async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, 'odo.yaml'), 'service: db\nlabel:\n  by: yaml\n');
  const request = requested({ conninfo: 'host=db1 user=backup' }, directory.path);
  expect(request.server).toEqual({ kind: 'local', binDir: null, conninfo: 'host=db1 user=backup' });
  expect(request.labels).toEqual({ by: 'yaml' });
});

test.each([
  [{}, /Say which server to back up/],
  [{ container: 'a', conninfo: 'host=b' }, /Choose one server: --container and --conninfo/],
  [{ conninfo: 'host=b password=x' }, /holds a password/],
  [{ conninfo: 'postgres://u:secret@b/' }, /holds a password/],
])('%j is refused', (flags, says) => {
  let error: OdoError | null = null;
  try {
    requested(flags);
  } catch (caught) {
    error = caught as OdoError;
  }
  expect(error?.code).toBe('USAGE');
  expect(error?.message).toMatch(says);
});
