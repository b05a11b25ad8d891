import { expect, it } from 'vitest';
import type { WalProof } from '../../../src/backup/wal-proof.ts';
import { readServerLogLine } from '../../../src/postgres/log-line.ts';
import type { ServerProcess } from '../../../src/service/server-launcher.ts';
import { replayEnd } from '../../../src/steps/replay-end.ts';
import { ReplayProgress } from '../../../src/steps/replay-progress.ts';
import type { PlannedRecovery, RestorePlan } from '../../../src/steps/restore-plan.ts';
import { recoveryDefaults } from '../../../src/steps/restore-request.ts';
import type { StepProgress } from '../../../src/steps/step.ts';
import { samplePlan } from '../../../tools/sample-events.ts';

const proof: WalProof = {
  extent: 'records',
  fromLsn: '2A/28',
  toLsn: '2A/7800000',
  segments: 8,
  lastRecordLsn: '2A/77FFF00',
  lastCommit: { lsn: '2A/77FF000', time: '2026-11-22T21:58:00Z', xid: '900' },
  stop: null,
  times: [
    ['2A/1000000', '2026-11-22T20:00:00Z'],
    ['2A/3000000', '2026-11-22T21:00:00Z'],
    ['2A/77FF000', '2026-11-22T21:58:00Z'],
  ],
};

const planWith = (recovery: Partial<PlannedRecovery>): RestorePlan => ({
  ...samplePlan,
  recovery: { ...recoveryDefaults, stop: { kind: 'end' }, proof: null, ...recovery },
});

function replay(plan: RestorePlan, aim: 'consistency' | 'target' = 'target') {
  const told: StepProgress[] = [];
  const observer = new ReplayProgress({ plan: () => plan, progress: (event) => void told.push(event) }, aim);
  const say = (line: string): void => observer.onLine(line, readServerLogLine(line));
  return { told, observer, say };
}

const at = (lsn: string) => `LOG:  redo in progress, elapsed time: 1.00 s, current LSN: ${lsn}`;
const restored = (name: string) => `LOG:  restored log file "${name}" from archive`;
const titleOf = (segment: string): ServerProcess => ({
  exited: new Promise(() => {}),
  stop: async () => {},
  replayedSegment: async () => segment,
  query: async () => '',
  runClient: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
  release: async () => {},
});

it('tells the position against the target in LSN, in commit time and in percent', () => {
  const { told, say } = replay(planWith({ proof }));
  say('LOG:  redo starts at 2A/0');
  say(at('2A/3C00000'));
  expect(told).toEqual([
    {
      unit: 'wal-bytes',
      done: 0,
      total: 0x7800000,
      item: null,
      lsn: '2A/0',
      targetLsn: '2A/7800000',
      commitTime: null,
      targetTime: '2026-11-22T21:58:00Z',
      percent: 0,
    },
    {
      unit: 'wal-bytes',
      done: 0x3c00000,
      total: 0x7800000,
      item: null,
      lsn: '2A/3C00000',
      targetLsn: '2A/7800000',
      commitTime: '2026-11-22T21:00:00Z',
      targetTime: '2026-11-22T21:58:00Z',
      percent: 50,
    },
  ]);
});

it('believes the record that is replayed more than the title, and the title more than what was handed over', async () => {
  const { told, observer, say } = replay(planWith({ proof }));
  say('LOG:  redo starts at 2A/28');
  say(restored('000000030000002A00000005'));
  expect(told.at(-1)).toMatchObject({ lsn: '2A/5000000', item: '000000030000002A00000005' });
  observer.onServer(titleOf('000000030000002A00000002'));
  await new Promise(setImmediate);
  expect(told.at(-1)).toMatchObject({ lsn: '2A/2000000', item: '000000030000002A00000002' });
  say(restored('000000030000002A00000006'));
  expect(told.at(-1)).toMatchObject({ lsn: '2A/2000000' });
  say(at('2A/1800000'));
  expect(told.at(-1)).toMatchObject({ lsn: '2A/1800000' });
  await observer.close();
});

it('never goes past its end, and begins where this server begins', () => {
  const { told, say } = replay(planWith({ proof }));
  say('LOG:  redo starts at 2A/7000000');
  say(at('2A/7900000'));
  expect(told.map(({ done, total }) => [done, total])).toEqual([
    [0, 0x800000],
    [0x800000, 0x800000],
  ]);
  expect(told.at(-1)).toMatchObject({ lsn: '2A/7800000', percent: 100 });
});

it('is at its end when the server says so, wherever that was expected', () => {
  const { told, say } = replay(planWith({ proof }));
  say('LOG:  redo starts at 2A/28');
  say('LOG:  redo done at 2A/6FFF000 system usage: CPU: user: 0.00 s, system: 0.00 s, elapsed: 0.04 s');
  expect(told.at(-1)).toMatchObject({ lsn: '2A/6FFF000', targetLsn: '2A/6FFF000', percent: 100 });
  expect(told.at(-1)?.done).toBe(told.at(-1)?.total);
});

it('says nothing before redo began: history files and the checkpoint’s segment are read first', () => {
  const { told, say } = replay(planWith({ proof }));
  say(restored('00000003.history'));
  say(restored('000000030000002A00000000'));
  expect(told).toEqual([]);
});

it('falls back to segments where WAL was not read', () => {
  const { told, say } = replay(planWith({}));
  say('LOG:  redo starts at 2A/28');
  say(restored('000000030000002A00000004'));
  expect(told.at(-1)).toMatchObject({
    lsn: '2A/4000000',
    targetLsn: '2A/8000000',
    commitTime: null,
    targetTime: null,
    percent: 49.9,
  });
});

it.each([
  ['a backup’s end, for consistency', 'consistency', {}, '2A/5000138'],
  ['the last segment’s end, unread', 'target', {}, '2A/8000000'],
  ['the last record’s end', 'target', { proof }, '2A/7800000'],
  [
    'the target, where the proof met it',
    'target',
    { proof: { ...proof, stop: { lsn: '2A/6000000', time: null, xid: null } } },
    '2A/6000000',
  ],
  [
    'the target, an LSN',
    'target',
    { stop: { kind: 'lsn', lsn: '2A/6500000', inclusive: true } },
    '2A/6500000',
  ],
  ['the backup’s end, the target', 'target', { stop: { kind: 'immediate' }, proof }, '2A/5000138'],
] as const)('goes to %s', (_what, aim, recovery, lsn) => {
  const { told, say } = replay(planWith(recovery), aim);
  say('LOG:  redo starts at 2A/28');
  expect(told.at(-1)).toMatchObject({ targetLsn: lsn });
});

it('has no end where the plan knows none', () => {
  const { backup } = samplePlan.contents;
  const contents = { ...samplePlan.contents, wal: null, backup: { ...backup, endLsn: null } };
  expect(replayEnd({ ...samplePlan, contents }, 'target')).toBeNull();
  const { told, say } = replay({ ...samplePlan, contents });
  say('LOG:  redo starts at 2A/28');
  expect(told.at(-1)).toMatchObject({ total: null, targetLsn: null, percent: null });
});
