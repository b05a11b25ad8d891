import { describe, expect, it } from 'vitest';
import type { BackupContents } from '../../../src/backup/base-backup.ts';
import { tablespaceBytes } from '../../../src/steps/tablespace-bytes.ts';
import { healthyContents } from '../../support/facts.ts';

const bytesOf = (change: Partial<BackupContents>) =>
  tablespaceBytes({ ...healthyContents, dataBytes: 1000, ...change }, '16400');
const [data] = healthyContents.archives;
const archive = (sizeBytes: number, content: 'data' | 'wal' | { tablespace: string }) => {
  if (data === undefined) throw new Error('There is no archive.');
  return { ...data, sizeBytes, content };
};
const tablespace = { tablespace: '16400' };

describe('the bytes in a tablespace', () => {
  it('are what the manifest says; one without files needs none', () => {
    expect(bytesOf({ tablespaceBytes: { 16400: 7 } })).toBe(7);
    expect(bytesOf({ tablespaceBytes: {} })).toBe(0);
  });

  it('are the files of a plain backup', () => {
    const file = (sizeBytes: number) => ({ path: 'x', sizeBytes, etag: '"e"' });
    const trees = [
      { name: 'data', folder: 'data/', content: 'data', files: [file(1000)] },
      { name: '16400', folder: '16400/', content: tablespace, files: [file(10), file(20)] },
    ] as const;
    expect(bytesOf({ archives: [], trees })).toBe(30);
  });

  it('are its share in what is stored, WAL left aside', () => {
    const archives = [
      archive(30, 'data'),
      archive(5, tablespace),
      archive(5, tablespace),
      archive(99, 'wal'),
    ];
    expect(bytesOf({ archives })).toBe(250);
  });

  it('are not known where nothing is stored apart', () => {
    expect(bytesOf({ archives: [archive(30, 'data')] })).toBeNull();
  });
});
