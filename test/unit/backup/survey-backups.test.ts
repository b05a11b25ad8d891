import { describe, expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import { surveyBackups } from '../../../src/backup/survey-backups.ts';
import {
  type BackupStore,
  labelText,
  openBackupStore,
  putBarmanBackup,
  putBaseBackup,
  putHistory,
  putSegments,
  segmentNames,
} from '../../support/backup-store.ts';
import { putPlainBackup } from '../../support/plain-backup.ts';

const signal = new AbortController().signal;
const walFolder = 'p/main/wals/';

async function survey(store: BackupStore, withWal = true) {
  const backups = await listBackups(store.storage, 'p/', { signal });
  return surveyBackups(store.storage, backups, { withWal, signal });
}

/** Needs the segments from `first` to the one after it. */
const put = (store: BackupStore, id: string, first: number, info: Record<string, string | null> = {}) => {
  const hex = (number: number) => number.toString(16).toUpperCase();
  const [begin = '', end = ''] = segmentNames(1, first, 2);
  return putBarmanBackup(store, `p/main/base/${id}/`, {
    info: {
      begin_wal: begin,
      end_wal: end,
      begin_xlog: `0/${hex(first)}000028`,
      end_xlog: `0/${hex(first + 1)}000120`,
      end_time: `2026-11-20 0${first}:00:00+00:00`,
      ...info,
    },
  });
};

describe('a survey', () => {
  it('says of every backup whether it can be restored, and what it is', async () => {
    await using store = await openBackupStore();
    await put(store, '20261120T010000', 1);
    await put(store, '20261120T040000', 4, { status: 'FAILED', error: 'disk full' });
    await putBaseBackup(store, 'p/tars/');
    await putSegments(store, walFolder, segmentNames(1, 1, 6));
    const { backups, windows } = await survey(store);
    expect(
      backups.map(({ backup, kind, wal, restorable }) => [backup.id, kind, wal.state, restorable]),
    ).toEqual([
      ['20261120T010000', 'full', 'complete', true],
      ['20261120T040000', 'full', 'complete', false],
      ['tars', 'full', 'inside', true],
    ]);
    expect(backups[0]?.backup).toMatchObject({ codec: 'gzip', serverVersion: 170011, segmentBytes: 2 ** 24 });
    expect(backups[1]?.whyNot).toContain('disk full');
    expect(backups[2]?.backup.codec).toBe('gzip');
    expect(windows.map(({ kind, from }) => [kind, from.backup])).toEqual([
      ['range', '20261120T010000'],
      ['point', 'tars'],
    ]);
  });

  it('follows the branch of the newest backup, and knows no way past a history file that is missing', async () => {
    await using store = await openBackupStore();
    await put(store, '20261120T010000', 1);
    await put(store, '20261120T040000', 4);
    await putSegments(store, walFolder, [...segmentNames(1, 1, 6), ...segmentNames(2, 3, 2)]);
    await putHistory(store, walFolder, 2, '1\t0/30000A0\tx\n');
    const reached = async () => (await survey(store)).backups.map(({ wal }) => wal.reaches?.segment);
    const [last] = segmentNames(1, 6, 1);
    expect(await reached()).toEqual([last, last]);
    await store.remove(`${walFolder}00000002.history.gz`);
    const [older] = (await survey(store)).backups;
    expect(older).toMatchObject({
      restorable: false,
      whyNot: expect.stringMatching(/^The history file 00000002\.history is missing/),
    });
  });

  it('agrees with what a restore finds, whichever segment is missing', async () => {
    await using store = await openBackupStore();
    const first = segmentNames(1, 1, 8);
    await put(store, '20261120T010000', 1);
    await put(store, '20261120T040000', 4);
    await put(store, '20261120T060000', 6);
    await putSegments(store, walFolder, first);
    for (const victim of [null, ...first]) {
      const key = `${walFolder}${victim?.slice(0, 16)}/${victim}.gz`;
      if (victim !== null) await store.remove(key);
      const { backups } = await survey(store);
      for (const { backup, restorable, whyNot, wal } of backups) {
        const { problems } = await inspectBackup(store.storage, backup, signal);
        expect({ victim, id: backup.id, restorable }).toEqual({
          victim,
          id: backup.id,
          restorable: problems.length === 0,
        });
        expect(whyNot ?? '').toContain(
          problems.length === 0 ? '' : (problems[0]?.details?.missing as string),
        );
        const isNeeded = problems[0]?.details?.neededUpTo !== undefined;
        expect(wal.state).toBe(isNeeded ? 'missing' : 'complete');
      }
      if (victim !== null) await putSegments(store, walFolder, [victim]);
    }
  });

  it('agrees with what a restore finds across a promotion', async () => {
    await using store = await openBackupStore();
    await put(store, '20261120T010000', 1);
    await putSegments(store, walFolder, [...segmentNames(1, 1, 3), ...segmentNames(2, 4, 3)]);
    await putHistory(store, walFolder, 2, '1\t0/4800000\tno recovery target specified\n');
    const { backups, windows } = await survey(store);
    const contents = await inspectBackup(store.storage, backups[0]?.backup as never, signal);
    expect(contents.wal?.lastSegment).toBe('000000020000000000000006');
    expect(backups[0]?.wal.reaches).toMatchObject({ timeline: 2, segment: contents.wal?.lastSegment });
    expect(windows).toMatchObject([{ timeline: 2, to: { segment: contents.wal?.lastSegment } }]);
  });

  it('finds a part that is missing, and an archive that is something else', async () => {
    await using store = await openBackupStore();
    await putBarmanBackup(store, 'p/main/base/20261120T010000/', {
      tars: ['data.tar.gz', 'data_0002.tar.gz'],
    });
    await putBarmanBackup(store, 'p/main/base/20261120T020000/');
    await store.put('p/main/base/20261120T020000/data.tar.gz', '<html>503</html>');
    await putSegments(store, walFolder, segmentNames(1, 4, 2));
    const { backups, windows } = await survey(store);
    expect(backups.map(({ backup, whyNot }) => [backup.id, whyNot])).toEqual([
      ['20261120T010000', expect.stringMatching(/^data_0001\.tar .* is missing/)],
      ['20261120T020000', expect.stringContaining('neither tars nor compressed')],
    ]);
    expect(windows).toEqual([]);
  });

  it('does not promise that a backup without pg_wal.tar brings its WAL', async () => {
    await using store = await openBackupStore();
    await putBaseBackup(store, 'p/tars/', { wal: null, manifest: null });
    expect((await survey(store)).backups).toMatchObject([{ wal: { state: 'unknown' } }]);
    // A manifest tells.
    await putBaseBackup(store, 'p/tars/', { wal: null });
    expect((await survey(store)).backups).toMatchObject([
      { restorable: false, whyNot: expect.stringContaining('--wal-url'), wal: { state: 'missing' } },
    ]);
  });

  it('finds that a plain backup lacks its first segment', async () => {
    await using store = await openBackupStore();
    await putPlainBackup(store, 'p/plain/', { wal: segmentNames(1, 5, 1) });
    const { backups, windows } = await survey(store);
    expect(backups).toMatchObject([
      { restorable: false, whyNot: expect.stringContaining('no WAL of its own'), wal: { state: 'missing' } },
    ]);
    expect(windows).toEqual([]);
    await putPlainBackup(store, 'p/plain/');
    expect((await survey(store)).backups).toMatchObject([
      { restorable: true, wal: { state: 'inside' }, backup: { codec: 'none' } },
    ]);
  });

  it('judges backups without an archive by the one that was named for them', async () => {
    await using store = await openBackupStore();
    await putBaseBackup(store, 'p/recorded/', { wal: null });
    await putBaseBackup(store, 'p/unrecorded/', { wal: null, manifest: null });
    await putSegments(store, 'a/main/wals/', segmentNames(1, 4, 5));
    const [first = '', , , , last = ''] = segmentNames(1, 4, 5);
    const history = `${labelText()}STOP WAL LOCATION: 0/6000120 (file ${segmentNames(1, 6, 1)[0]})\n`;
    await store.put(`a/main/wals/0000000100000000/${first}.00000028.backup`, history);
    const listed = await listBackups(store.storage, 'p/', { signal });
    const surveyed = (prefix: string) =>
      surveyBackups(store.storage, listed, {
        withWal: true,
        outerWal: { storage: store.storage, prefix },
        signal,
      });
    const { backups, windows, warnings } = await surveyed('a/');
    expect(warnings).toEqual([]);
    expect(
      backups.map(({ backup, wal, restorable }) => [backup.id, backup.endLsn, wal.state, restorable]),
    ).toEqual([
      ['recorded', '0/5000120', 'complete', true],
      ['unrecorded', '0/6000120', 'complete', true],
    ]);
    expect(windows).toMatchObject([
      {
        kind: 'range',
        from: { backup: 'recorded' },
        to: { segment: last },
        backups: ['recorded', 'unrecorded'],
      },
    ]);
    for (const { prefix, message } of [
      { prefix: 'nowhere/', message: /^There is no WAL archive at .*--wal-url\.$/ },
      { prefix: 'a/main/wals/0000000100000000/', message: null },
    ]) {
      const told = await surveyed(prefix);
      if (message === null) expect(told.warnings).toEqual([]);
      else expect(told.warnings).toEqual([expect.stringMatching(message)]);
    }
    await store.remove(`a/main/wals/0000000100000000/${segmentNames(1, 6, 1)[0]}.gz`);
    for (const { backup, restorable, wal } of (await surveyed('a/')).backups) {
      const contents = await inspectBackup(store.storage, backup, signal, {
        storage: store.storage,
        prefix: 'a/',
      });
      expect(restorable).toBe(contents.problems.length === 0);
      expect(wal.state).toBe(backup.id === 'recorded' ? 'complete' : 'missing');
    }
  });

  it('without the WAL does not look at it', async () => {
    await using store = await openBackupStore();
    await put(store, '20261120T010000', 1);
    const { backups, windows } = await survey(store, false);
    expect(backups).toMatchObject([{ restorable: true, wal: { state: 'unchecked' } }]);
    expect(windows).toEqual([]);
  });

  it('warns where two clusters archived into one folder', async () => {
    await using store = await openBackupStore();
    await put(store, '20261120T010000', 1);
    await put(store, '20261120T040000', 4, { systemid: '42' });
    await putSegments(store, walFolder, segmentNames(1, 1, 6));
    const { warnings } = await survey(store);
    expect(warnings).toEqual([expect.stringMatching(/of 2 clusters \(system identifiers .*42/)]);
  });

  it('keeps the archives of several servers apart', async () => {
    await using store = await openBackupStore();
    await putBarmanBackup(store, 'p/main/base/20261120T010000/');
    await putBarmanBackup(store, 'p/other/base/20261120T010000/');
    await putSegments(store, walFolder, segmentNames(1, 4, 2));
    const { backups, windows } = await survey(store);
    expect(backups.map(({ backup, wal }) => [backup.server, wal.state]).toSorted()).toEqual([
      ['main', 'complete'],
      ['other', 'missing'],
    ]);
    expect(windows.map(({ server }) => server)).toEqual(['main']);
  });
});
