import { expect, it } from 'vitest';
import { runsText, statusText } from '../../../../src/cli/render/status-text.ts';
import type { RunStatus } from '../../../../src/run/run-api.ts';
import { sampleStatus } from '../../../../tools/sample-events.ts';

const replaying: RunStatus = {
  ...sampleStatus,
  currentPhase: 'promote',
  phases: [
    { ...sampleStatus.phases[1]!, phase: 'recover', state: 'completed', endedAt: '2026-11-22T22:16:25.000Z' },
    { ...sampleStatus.phases[1]!, phase: 'promote', attempts: 1, startedAt: '2026-11-22T22:16:25.000Z' },
  ],
  replay: {
    at: '2026-11-22T22:17:00.000Z',
    lsn: '2A/3938728',
    targetLsn: '2A/79FC320',
    commitTime: '2026-11-22T20:41:12.30718Z',
    targetTime: '2026-11-23T00:29:58.7304Z',
    percent: 46.9,
    done: 60_000_000,
    total: 127_910_688,
    rate: 89_128_960,
    etaMs: 125_000,
  },
  recovery: [{ at: '2026-11-22T22:16:15.000Z', phase: 'recover', state: 'consistent', lsn: '2A/5000138' }],
};

it('shows where a replay is and what it has come to, at 80 columns', () => {
  const options = { nowMs: Date.parse('2026-11-22T22:17:01Z'), width: 80, next: null };
  const lines = statusText(replaying, options);
  expect(lines.slice(lines.indexOf('') + 1)).toEqual([
    ' ok  recover             6 m 18 s   attempt 2',
    '     2026-11-22T22:16:15Z consistent at 2A/5000138',
    ' ..  promote             36 s',
    '     replaying 2A/3938728 of 2A/79FC320, 46%, at 2026-11-22 20:41:12Z of',
    '     2026-11-23 00:29:58Z, 85.0 MiB/s, 2 m 05 s left',
  ]);
});

it('shows what a kept drill came to, how to look into it and how to remove it', () => {
  const kept: RunStatus = {
    ...sampleStatus,
    ...{ kind: 'drill', runKey: 'nightly', status: 'held', verdict: 'failed', phases: [], heldBy: null },
    held: {
      reason: 'kept',
      facts: { look: 'psql -h /run/odo', connection: 'postgresql://postgres@127.0.0.1:5433/postgres' },
    },
  };
  const next = `odo abandon ${kept.runId}`;
  const lines = statusText(kept, { nowMs: Date.parse('2026-11-22T22:17:01Z'), width: 80, next });
  expect(lines.slice(0, 5)).toEqual([
    `drill       ${kept.runId}`,
    'key         nightly',
    'status      held',
    'verdict     failed',
    'held        the drill’s database is up, until it is abandoned',
  ]);
  expect(lines.slice(-5)).toEqual([
    '',
    'look        psql -h /run/odo',
    'connect     postgresql://postgres@127.0.0.1:5433/postgres',
    '',
    `next        ${next}`,
  ]);
  expect(runsText([kept])[1]).toContain('drill  held, failed  ');
});
