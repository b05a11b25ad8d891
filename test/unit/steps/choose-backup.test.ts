import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupContents } from '../../../src/backup/base-backup.ts';
import { listBackups } from '../../../src/backup/catalogue.ts';
import { problem } from '../../../src/backup/problem.ts';
import type { WalProof } from '../../../src/backup/wal-proof.ts';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { chooseBackup, type ProvenWal } from '../../../src/steps/choose-backup.ts';
import { type RestoreRequest, recoveryDefaults } from '../../../src/steps/restore-request.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import {
  type BackupStore,
  openBackupStore,
  putBarmanBackup,
  putHistory,
  putSegments,
  segmentNames,
} from '../../support/backup-store.ts';
import { plainRequest } from '../../support/facts.ts';

const signal = new AbortController().signal;
const base = 'pg/main/base/';
const wals = 'pg/main/wals/';
const early = '20261120T020006';
const late = '20261121T020006';
let store: BackupStore;

/** `early` ends in segment 5, `late` in segment 9; WAL from 4 to 12, and timeline 2 from 7 on. */
beforeEach(async () => {
  store = await openBackupStore();
  await putBarmanBackup(store, `${base}${early}/`);
  await putBarmanBackup(store, `${base}${late}/`, {
    info: {
      begin_wal: '000000010000000000000009',
      begin_xlog: '0/9000028',
      end_wal: '000000010000000000000009',
      end_xlog: '0/9000120',
      begin_time: '2026-11-21 02:00:06.812377+00:00',
      end_time: '2026-11-21 02:06:59.120044+00:00',
    },
  });
  await putSegments(store, wals, segmentNames(1, 4, 9));
});
afterEach(() => store[Symbol.asyncDispose]());

const choose = async (
  recovery: Partial<NonNullable<RestoreRequest['recovery']>>,
  prove?: (contents: BackupContents) => Promise<ProvenWal>,
) => {
  const backups = await listBackups(store.storage, 'pg/', { signal });
  const request = { ...plainRequest, recovery: { ...recoveryDefaults, ...recovery } };
  const ports = { walSource: async () => null } as Partial<StepContext['ports']> as StepContext['ports'];
  return chooseBackup(request, { storage: store.storage, backups }, { ports, signal }, prove);
};
const name: RecoveryTarget = { kind: 'name', name: 'release' };
const stopAt = (lsn: string): WalProof => ({
  extent: 'records',
  fromLsn: '0/4000028',
  toLsn: lsn,
  segments: 1,
  lastRecordLsn: lsn,
  lastCommit: null,
  stop: { lsn, time: null, xid: null },
  times: [],
});
const unreachable = (id: string) => problem('TARGET_UNREACHABLE', `Not from ${id}.`, 'Look elsewhere.');

describe('the backup for a target that only the WAL can tell', () => {
  it('is the newest from which it is proven to be reached, with no more WAL than it needs', async () => {
    const asked: (string | undefined)[] = [];
    const { selection, contents, proof } = await choose({ target: name }, async ({ backup, wal }) => {
      asked.push(backup.id, wal?.lastSegment);
      return backup.id === early
        ? { proof: stopAt('0/6000200'), problem: null }
        : { proof: null, problem: unreachable(backup.id) };
    });
    // What the newer one was looked through for is not read again.
    expect(asked).toEqual([late, segmentNames(1, 12, 1)[0], early, segmentNames(1, 10, 1)[0]]);
    expect(selection).toMatchObject({ backup: { id: early }, passedOver: [{ id: late }] });
    expect(proof?.stop?.lsn).toBe('0/6000200');
    expect(contents.problems).toEqual([]);
    expect(contents.wal?.objects.map((object) => object.name)).toEqual(segmentNames(1, 4, 4));
  });

  it('is the newest, with what is wrong with it, when there is none', async () => {
    const { selection, contents } = await choose({ target: name }, async ({ backup }) => ({
      proof: null,
      problem: unreachable(backup.id),
    }));
    expect(selection.backup.id).toBe(late);
    expect(contents.problems).toEqual([unreachable(late)]);
  });
});

describe('the backup for a time', () => {
  const target: RecoveryTarget = { kind: 'time', time: '2026-11-22T00:00:00.000Z', inclusive: true };
  const ask = async (details: Record<string, unknown>) => {
    const asked: string[] = [];
    const { selection, contents } = await choose({ target }, async ({ backup }) => {
      asked.push(backup.id);
      return backup.id === early
        ? { proof: stopAt('0/8000200'), problem: null }
        : { proof: null, problem: { ...unreachable(late), details } };
    });
    return { asked, id: selection.backup.id, problems: contents.problems.length };
  };

  it('is an older one when the WAL says that the time lies before its end', async () => {
    expect(await ask({ earliestLsn: '0/9000120' })).toEqual({ asked: [late, early], id: early, problems: 0 });
  });

  it('is no older one when the WAL ends before the time: it would end there as well', async () => {
    expect(await ask({ reachableLsn: '0/B000120' })).toEqual({ asked: [late], id: late, problems: 1 });
  });
});

it('an older backup that is not proven either is not better than the newest', async () => {
  const { selection } = await choose({ target: name }, async ({ backup }) => ({
    proof: null,
    problem: backup.id === late ? unreachable(late) : null,
  }));
  expect(selection.backup.id).toBe(late);
});

it('a hole behind a target whose place is proven is told and does no harm', async () => {
  await store.remove(`${wals}0000000100000000/00000001000000000000000B.gz`);
  const target: RecoveryTarget = { kind: 'time', time: '2026-11-22T00:00:00.000Z', inclusive: true };
  expect((await choose({ target })).contents.problems).toMatchObject([{ code: 'WAL_MISSING' }]);
  const { contents } = await choose({ target }, async () => ({ proof: stopAt('0/9000200'), problem: null }));
  expect(contents.problems).toEqual([]);
  expect(contents.warnings).toEqual([
    expect.stringMatching(/00000001000000000000000B is missing.*The target lies before that\.$/),
  ]);
  expect(contents.wal?.lastSegment).toBe('00000001000000000000000A');
});

it('a timeline that is wanted by its number is looked up before a backup is chosen', async () => {
  await putSegments(store, wals, segmentNames(2, 7, 3));
  await putHistory(store, wals, 2, '1\t0/70000A0\tx\n');
  const { selection, contents } = await choose({ timeline: 2 });
  expect(selection).toMatchObject({
    backup: { id: early },
    passedOver: [{ id: late, problem: expect.stringContaining('not on the way to timeline 2') }],
  });
  expect(contents.wal).toMatchObject({ timeline: 2, lastSegment: '000000020000000000000009' });
  expect((await choose({})).selection.backup.id).toBe(late);
});

it('an earlier target lies on the branch of the newest backup, also when another was made later', async () => {
  await putSegments(store, wals, segmentNames(2, 7, 3));
  await putHistory(store, wals, 2, '1\t0/70000A0\tx\n');
  const target: RecoveryTarget = { kind: 'time', time: '2026-11-20T12:00:00.000Z', inclusive: true };
  const { selection, contents } = await choose({ target });
  expect(selection.backup.id).toBe(early);
  expect(contents.wal).toMatchObject({ timeline: 1, lastSegment: '00000001000000000000000C' });
  expect(contents.warnings).toEqual([
    `Timeline 2 branched off before the newest backup, ${late}, ended, and is left out. To follow it: --target-timeline 2`,
  ]);
});
