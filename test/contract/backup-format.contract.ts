import { describe, expect, it } from 'vitest';
import type { BackupFormat } from '../../src/backup/backup-format.ts';
import type { BackupContents, BaseBackup } from '../../src/backup/base-backup.ts';
import { surveyBackups } from '../../src/backup/survey-backups.ts';
import type { BackupStore } from '../support/backup-store.ts';

/** How to make backups of one format, in small. */
export interface FormatFixture {
  readonly format: BackupFormat;
  /** A complete backup of the given day below the prefix, with tablespace 16400. */
  putComplete(store: BackupStore, prefix: string, day: number): Promise<void>;
  /** Another one whose metadata cannot be read. */
  putUnreadable(store: BackupStore, prefix: string): Promise<void>;
  /** Key of an archive of the complete backup. */
  archiveKey(prefix: string, day: number): string;
  /** Tablespaces have archives of their own. */
  readonly tablespacesApart: boolean;
}

const signal = new AbortController().signal;

/** What every backup format must do. */
export function describeBackupFormat(fixture: FormatFixture, open: () => Promise<BackupStore>): void {
  const { format } = fixture;

  async function inspected(store: BackupStore): Promise<BackupContents> {
    const [backup] = await format.list(store.storage, 'p/', signal);
    if (!backup) expect.fail('the backup is not listed');
    return format.inspect(store.storage, backup, signal);
  }

  describe(`${format.name} as a backup format`, () => {
    it('lists nothing where nothing of it lies', async () => {
      await using store = await open();
      await store.put('p/other/file.txt', 'x');
      expect(await format.list(store.storage, 'p/', signal)).toEqual([]);
      expect(await format.list(store.storage, 'nowhere/', signal)).toEqual([]);
    });

    it('lists every backup below a prefix under its own name', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      await fixture.putComplete(store, 'p/', 2);
      await fixture.putComplete(store, 'q/', 3);
      const backups = await format.list(store.storage, 'p/', signal);
      expect(backups.map((backup) => [backup.format, backup.status])).toEqual([
        [format.name, 'complete'],
        [format.name, 'complete'],
      ]);
      expect(new Set(backups.map(({ id }) => id)).size).toBe(2);
      expect(backups.every(({ folder }) => folder.startsWith('p/') && folder.endsWith('/'))).toBe(true);
    });

    it('lists a backup that cannot be read beside the others, with the reason', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      await fixture.putUnreadable(store, 'p/');
      const backups = await format.list(store.storage, 'p/', signal);
      expect(backups.map(({ status }) => status).sort()).toEqual(['complete', 'unreadable']);
      expect(backups.find(({ status }) => status === 'unreadable')?.problem).toMatch(/\.$/);
    });

    it('tells what a restore needs, and finds nothing against it', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      const contents = await inspected(store);
      expect(contents.problems).toEqual([]);
      expect(contents.backup).toMatchObject({
        serverMajor: 17,
        systemIdentifier: expect.stringMatching(/^\d+$/),
        timeline: 1,
      });
      expect(contents.archives.map(({ content }) => content)).toContain('data');
      const isApart = contents.archives.some(({ content }) => typeof content === 'object');
      expect(isApart).toBe(fixture.tablespacesApart);
      expect(contents.backup.tablespaces).toMatchObject([{ oid: '16400' }]);
      expect(contents.wal).toMatchObject({
        timeline: 1,
        beginSegment: '000000010000000000000004',
        consistentSegment: '000000010000000000000005',
      });
      expect(contents.dataBytes).toBeGreaterThan(0);
    });

    it('pins every archive, the data first, under names that differ', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      const { archives } = await inspected(store);
      expect(archives[0]?.content).toBe('data');
      expect(new Set(archives.map(({ name }) => name)).size).toBe(archives.length);
      for (const archive of archives) {
        const object = await store.storage.stat(archive.key, signal);
        expect(archive).toMatchObject({ etag: object?.etag, sizeBytes: object?.sizeBytes, codec: 'gzip' });
      }
    });

    it('gives plain JSON', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      const contents = await inspected(store);
      expect(JSON.parse(JSON.stringify(contents))).toEqual(contents);
    });

    it('finds that an archive is missing', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      const [backup] = await format.list(store.storage, 'p/', signal);
      await store.remove(fixture.archiveKey('p/', 1));
      const { problems } = await format.inspect(store.storage, backup as BaseBackup, signal);
      expect(problems.map(({ code }) => code)).toContain('BACKUP_INCOMPLETE');
      expect(problems.every(({ hint }) => hint !== undefined && hint !== '')).toBe(true);
    });

    it('finds that an archive is something else', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      const [backup] = await format.list(store.storage, 'p/', signal);
      await store.put(fixture.archiveKey('p/', 1), '<html>503</html>');
      const { problems } = await format.inspect(store.storage, backup as BaseBackup, signal);
      expect(problems).toContainEqual(
        expect.objectContaining({
          code: 'FORMAT_UNKNOWN',
          message: expect.stringContaining('<html>503</html>'),
        }),
      );
    });

    it('is found restorable by a survey of all backups, up to where its WAL goes', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      const backups = await format.list(store.storage, 'p/', signal);
      const { backups: surveyed, windows } = await surveyBackups(store.storage, backups, {
        withWal: true,
        signal,
      });
      expect(surveyed).toMatchObject([{ restorable: true, whyNot: null, kind: 'full' }]);
      expect(['complete', 'inside']).toContain(surveyed[0]?.wal.state);
      expect(windows).toMatchObject([{ timeline: 1, from: { backup: backups[0]?.id } }]);
    });

    it('stops with the reason of the abort', async () => {
      await using store = await open();
      await fixture.putComplete(store, 'p/', 1);
      const [backup] = await format.list(store.storage, 'p/', signal);
      const reason = new Error('interrupted');
      await expect(format.list(store.storage, 'p/', AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(
        format.inspect(store.storage, backup as BaseBackup, AbortSignal.abort(reason)),
      ).rejects.toBe(reason);
    });
  });
}
