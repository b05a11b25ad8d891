import { expect, test } from 'vitest';
import { contentsText } from '../../../../src/cli/render/contents-text.ts';
import { healthyContents } from '../../../support/facts.ts';

const file = (path: string, sizeBytes: number) => ({ path, sizeBytes, etag: 'e' });

test('a plain backup is shown by its files, the tablespaces apart, and not by archives', () => {
  const trees = [
    { name: 'data', folder: 'b/', content: 'data' as const, files: [file('PG_VERSION', 3), file('x', 2045)] },
    {
      name: '16400',
      folder: 'c/',
      content: { tablespace: '16400' },
      files: [file('PG_17_1/5/1', 1024 ** 2)],
    },
  ];
  const lines = contentsText({ ...healthyContents, archives: [], trees }, 200);
  expect(lines).toContainEqual('files       2 files, 2.00 KiB');
  expect(lines).toContainEqual('            tablespace 16400: 1 file, 1.00 MiB');
  expect(lines.some((line) => line.startsWith('archives'))).toBe(false);
});
