import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { restoreSettings } from '../../../../src/cli/options.ts';
import { planText } from '../../../../src/cli/render/plan-text.ts';
import { widthOf } from '../../../../src/cli/render/text.ts';
import { loadSettings } from '../../../../src/config/load.ts';
import { assumptions, timedPhases } from '../../../../src/steps/phase-assumptions.ts';
import type { RestorePlan } from '../../../../src/steps/restore-plan.ts';
import { samplePlan, sampleRecovery } from '../../../../tools/sample-events.ts';

const fixture = (name: string): string[] =>
  readFileSync(new URL(`../../../fixtures/terminal/${name}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

const loaded = loadSettings({
  flags: {
    url: 's3://backups/main',
    volume: 'shop_pgdata',
    service: 'db',
    composeFile: '/srv/shop/compose.yaml',
  },
  env: {},
  cwd: '/nowhere',
  clock: { nowMs: 0, timeZone: 'UTC' },
  keys: restoreSettings,
});
const page = (change: Partial<RestorePlan> = {}, width = 80, file: string | null = null): string[] =>
  planText({ ...samplePlan, recovery, ...change }, loaded, { odoVersion: '0.1.0', host: 'db1', file, width });
const text = (change: Partial<RestorePlan> = {}): string => page(change, 200).join('\n');
const { contents } = samplePlan;
const recovery = sampleRecovery;

describe('the page of a plan', () => {
  test.for([80, 120])('looks as it was captured from tmux at %d columns', (width) => {
    expect(page({}, width, '/srv/shop/restore-plan.json')).toEqual(fixture(`plan-${width}`));
  });

  test.for([50, 60, 79, 100, 132])('takes no more than %d columns', (width) => {
    // What is to be compared or copied is never broken: the digest, and the command.
    const lines = page({}, width, '/f').filter((line) => !/^ {2}SHA-256|^execute with/.test(line));
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    expect(page({}, width).join('\n')).toContain(String(samplePlan.digest));
  });

  test('has room for names only when it is written to a file, and quotes the file for a shell', () => {
    expect(text()).not.toMatch(/approved by|execute with/);
    const signed = page({}, 80, "/srv/shop's/my plan.json");
    expect(signed).toContain("execute with:  odo start --plan '/srv/shop'\\''s/my plan.json'");
    expect(signed.filter((line) => line.startsWith('approved by ___'))).toHaveLength(2);
  });

  test('names a few of many archives and of many backups that were passed over', () => {
    const [archive] = contents.archives;
    if (archive === undefined) throw new Error('The sample has archives.');
    const archives = Array.from({ length: 300 }, (_, part) => ({ ...archive, name: `part_${part}.tar.lz4` }));
    const passedOver = Array.from({ length: 40 }, (_, index) => ({ id: `b${index}`, problem: 'killed' }));
    const lines = page({ contents: { ...contents, archives }, passedOver });
    expect(lines).toContain('              and 288 more');
    expect(lines).toContain('              and 28 more');
    expect(lines.length).toBeLessThan(130);
  });

  test('of fifty thousand files it says how many and how large', () => {
    const files = Array.from({ length: 50_000 }, (_, index) => ({
      path: String(index),
      sizeBytes: 8192,
      etag: 'e',
    }));
    const trees = [{ name: 'data', folder: 'd/', content: 'data' as const, files }];
    const lines = page({ contents: { ...contents, archives: [], trees } });
    expect(lines).toContain('  files       50000 files, 391 MiB');
    expect(lines.length).toBeLessThan(110);
  });
});

describe('its sections say', () => {
  test('what is free after it, and never less than nothing', () => {
    const space = { ...samplePlan.space, freeBytes: 0, reclaimableBytes: 0, neededIsExact: true };
    expect(text({ space, spaceElsewhere: [] })).toMatch(/41\.5 GiB +0 B +0 B +1\.00 GiB/);
  });

  test('how far the WAL was read, which transaction is the last, and where replay stops', () => {
    expect(text()).toMatch(
      /proof +every record from 2A\/28 to 2A\/7A3F2B8 was read and is whole, 8 segments\n/,
    );
    expect(text()).toMatch(
      /last transaction kept: 8811, committed 2026-11-22T21:29:58\.731204Z at 2A\/7A3E118\n/,
    );
    expect(text()).toMatch(/replay stops at 2A\/7A3F2B8\n/);
  });

  test('that nothing was proven, and why', () => {
    expect(text({ recovery: { ...recovery, proof: null } })).toMatch(/proof +none: the WAL was not read/);
    const ends = {
      ...recovery,
      check: 'ends',
      proof: { ...recovery.proof, extent: 'ends' },
    } as typeof recovery;
    expect(text({ recovery: ends })).toMatch(/proof +only the first page of each segment/);
  });

  test('that the end of the WAL is a record, at which the server is told to stop', () => {
    const stop = { kind: 'lsn', lsn: '2A/7A3F250', inclusive: true } as const;
    const end = { ...recovery, target: { kind: 'end' }, stop } as const;
    expect(text({ recovery: end })).toMatch(
      /told to stop at the last valid record, LSN 2A\/7A3F250, inclusive\n/,
    );
    expect(text()).not.toContain('told to stop');
  });

  test('what is waited for, and that the service stays away meanwhile', () => {
    const paused = text({ recovery: { ...recovery, action: 'pause' } });
    expect(paused).toMatch(/touched; it stays away until odo promote\n/);
    expect(paused).toMatch(
      /wait +at the target, answering read-only queries; .*\n +promote +when recovery has come/,
    );
    expect(text({ recovery: { ...recovery, action: 'shutdown' } })).toMatch(/wait +shut down at the target/);
    expect(text({ promote: false })).toMatch(/wait +shut down as soon as the database is consistent/);
    expect(text()).not.toMatch(/^ +wait /m);
    expect(text({ promote: false, stopsFirst: false })).toMatch(/only for the switch-over at the end\n/);
  });

  test('that a standby follows and is never promoted', () => {
    const standby = { primaryConninfo: 'host=db1 user=rep', primarySlot: null };
    const following = text({ recovery: { ...recovery, standby } });
    expect(following).toMatch(/follow +its primary as a standby \(host=db1 user=rep\), and never promote\n/);
    expect(following).not.toMatch(/promote +when/);
  });

  test('honestly that there is no history yet', () => {
    const phases = timedPhases.map(
      (phase) => ({ phase, basis: 'assumed', runs: 0, ...assumptions[phase].fixedMs }) as const,
    );
    const expected = { phases, total: { ms: 30_000, lowMs: 3_000, highMs: 300_000 }, outage: null };
    expect(text({ expected })).toMatch(
      /in total +about 30 s \(3\.0 s to 5 m 00 s\), once it was agreed to\n +There is no history yet: these are assumptions/,
    );
    expect(text({ expected })).not.toContain('outage');
    expect(text()).not.toContain('no history');
  });

  test('nothing of what an older plan does not have', () => {
    const { expected: _, digest: __, ...older } = samplePlan;
    const lines = planText(older, loaded, { odoVersion: '0.1.0', host: 'db1', file: null, width: 80 });
    expect(lines.join('\n')).not.toMatch(/undefined|Duration|SHA-256 +[0-9a-f]{64}|proof/);
  });
});
