import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TarEntry } from '../../../src/archive/restore-archive.ts';
import { readManifest, requireManifest } from '../../../src/steps/manifest-check.ts';
import { openBackupStore } from '../../support/backup-store.ts';
import { manifestText } from '../../support/manifest-text.ts';

const signal = new AbortController().signal;
const entry = (path: string): TarEntry => ({
  path,
  kind: 'file',
  sizeBytes: 3,
  mode: 0o600,
  modifiedAt: 0,
  linkTarget: null,
  nameIsExact: true,
});

async function checkOf(text: string) {
  await using store = await openBackupStore();
  await store.put('backup_manifest', text);
  return await readManifest(store.storage, 'backup_manifest', signal);
}

const files = [
  { path: 'backup_label', size: 225, checksum: '8a744722' },
  { path: 'base/1/1259', size: 3, checksum: '00000001' },
  { path: 'pg_tblspc/16384/PG_17_202406281/5/16389', size: 3, checksum: '00000002' },
  // -R appends to it behind the server's back.
  { path: 'postgresql.auto.conf', size: 88, checksum: '00000003' },
  { path: 'tablespace_map', size: 20, checksum: '00000004' },
  { path: 'pg_replslot/x/state', size: 200, checksum: '00000005' },
];

describe('the manifest of a backup', () => {
  test('tells what is expected of a file of the data directory, and of one of a tablespace', async () => {
    const check = await checkOf(manifestText({ files }));
    expect(check.expected({ content: 'data' }, entry('base/1/1259'))).toMatchObject({ checksum: '00000001' });
    expect(
      check.expected({ content: { tablespace: '16384' } }, entry('PG_17_202406281/5/16389')),
    ).toMatchObject({ checksum: '00000002' });
    expect(check.expected({ content: 'data' }, entry('base/1/1260'))).toBeNull();
  });

  test('expects nothing of files that the client changed or that odo leaves out', async () => {
    const check = await checkOf(manifestText({ files }));
    expect(check).toMatchObject({ fileCount: 4, fileBytes: 251, algorithms: ['CRC32C'] });
    expect(check.only(new Set(['base/1/1259']))).toMatchObject({ fileCount: 1, fileBytes: 3 });
    for (const path of ['postgresql.auto.conf', 'pg_replslot/x/state'])
      expect(check.expected({ content: 'data' }, entry(path))).toBeNull();
  });

  test('knows a name in hex as an archive shows it', async () => {
    const text = manifestText({ files: [{ path: 'base/1/NAME', size: 3 }] });
    const hex = Buffer.from('base/1/caf\xe9', 'latin1').toString('hex');
    // The manifest's own checksum covers the name: made anew.
    const encoded = text.replace('"Path": "base/1/NAME"', `"Encoded-Path": "${hex}"`);
    await expect(checkOf(encoded)).rejects.toMatchObject({ code: 'VERIFICATION_FAILED' });
    const check = await checkOf(resealed(encoded));
    expect(check.expected({ content: 'data' }, entry('base/1/caf\\xE9'))).toMatchObject({ sizeBytes: 3 });
  });

  test('ends the restore when fewer files came than it lists: an archive cut between two entries', async () => {
    const check = await checkOf(manifestText({ files }));
    expect(() => requireManifest(check, { checkedFiles: 3, mismatches: [] })).toThrow(
      expect.objectContaining({
        code: 'VERIFICATION_FAILED',
        message: expect.stringContaining('3 of the 4'),
      }),
    );
    requireManifest(check, { checkedFiles: 4, mismatches: [] });
  });
});

/** With its last line made anew. */
function resealed(text: string): string {
  const covered = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);
  const checksum = createHash('sha256').update(covered).digest('hex');
  return `${covered}"Manifest-Checksum": "${checksum}"}\n`;
}
