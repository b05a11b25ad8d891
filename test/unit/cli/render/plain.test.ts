import { expect, it } from 'vitest';
import { chooseRenderer } from '../../../../src/cli/render/choose-renderer.ts';
import { plainRenderer } from '../../../../src/cli/render/plain.ts';
import { halfARun, otherHalf, sampleEvent, sampleEvents } from '../../../../tools/sample-events.ts';
import { brokenIndex } from '../../../support/sample-proof.ts';
import { fakeHost } from '../fake-host.ts';

const render = (
  events: Parameters<ReturnType<typeof plainRenderer>['event']>[0][],
  verbose = false,
): string[] => {
  const host = fakeHost();
  const renderer = plainRenderer(host, { verbose, heading: null });
  for (const event of events) renderer.event(event);
  renderer.close();
  expect(host.stdout.text()).toBe('');
  return host.stderr.text().trimEnd().split('\n');
};

it('writes a line for every start and end, each with its time', () => {
  const lines = render([...halfARun, ...otherHalf]);
  expect(lines.slice(0, 6)).toEqual([
    '2026-11-22T22:09:55Z  restore 20261122-220955-k3f9',
    '2026-11-22T22:09:55Z  preflight: started',
    '2026-11-22T22:09:56Z  preflight: done  1.9 s',
    '2026-11-22T22:09:56Z  plan: started',
    '2026-11-22T22:09:57Z  plan: done  0.2 s',
    '2026-11-22T22:09:57Z  base 20261120T020000, timeline 3 -> volume shop_pgdata',
  ]);
  expect(lines).toContain('2026-11-22T22:15:59Z  restore base: done  6 m 02 s  41.3 GiB  117 MiB/s');
  expect(lines.at(-1)).toBe('2026-11-22T22:16:45Z  completed');
});

it('says how much of the WAL there is when the rest comes while it is replayed', () => {
  const restored = (facts: { segments: number; ofSegments: number }) =>
    render([
      sampleEvent<'phase'>(0, {
        type: 'phase',
        phase: 'restoreWal',
        state: 'completed',
        attempt: 1,
        durationMs: 2000,
        facts,
      }),
    ]);
  expect(restored({ segments: 64, ofSegments: 2000 })).toEqual([
    expect.stringContaining('restore WAL: done  2.0 s  64 of 2000 segments'),
  ]);
  expect(restored({ segments: 8, ofSegments: 8 })).toEqual([
    expect.stringMatching(/restore WAL: done {2}2\.0 s {2}8 segments$/),
  ]);
});

it('tells progress of a phase at most every ten seconds', () => {
  const events = Array.from({ length: 301 }, (_, index) =>
    sampleEvent<'progress'>(index * 200, {
      type: 'progress',
      phase: 'restoreBase',
      unit: 'bytes',
      done: index,
      total: 300,
      rate: 5,
      etaMs: 1000,
      item: null,
    }),
  );
  expect(render(events)).toHaveLength(6);
});

it('tells with the progress what is read and how old the last checkpoint is', () => {
  const lines = render([
    sampleEvents.progress,
    sampleEvents.checkpoint,
    { ...sampleEvents.progress, at: new Date(Date.parse(sampleEvents.checkpoint.at) + 12_000).toISOString() },
  ]);
  expect(lines).toEqual([
    expect.stringMatching(/Z  restore base: 41%  .* left  data\.tar\.gz  checkpoint 12 s ago$/),
  ]);
});

it('says of every event that ends a run how it ended', () => {
  for (const type of ['failed', 'interrupted', 'held', 'declined', 'completed', 'refused'] as const) {
    expect(render([sampleEvents[type]])[0]).not.toBe('');
  }
});

it.each([
  { name: 'NO_COLOR is set', env: { NO_COLOR: '1' }, terminal: true, plain: true },
  { name: 'NO_COLOR is empty', env: { NO_COLOR: '' }, terminal: true, plain: false },
  { name: 'the terminal is dumb', env: { TERM: 'dumb' }, terminal: true, plain: true },
  { name: 'there is no terminal', env: {}, terminal: false, plain: true },
  { name: 'there is a terminal', env: { TERM: 'xterm-256color' }, terminal: true, plain: false },
])('when $name, plain lines without control characters: $plain', ({ env, terminal, plain }) => {
  const host = fakeHost({ terminal, env });
  const renderer = chooseRenderer(host, { json: false, verbose: false, heading: null });
  for (const event of [...halfARun, ...otherHalf]) renderer.event(event);
  renderer.close();
  expect(!host.stderr.text().includes('\u001b')).toBe(plain);
});

it('with --json, writes every event to stdout as it is, and nothing else there', () => {
  const host = fakeHost({ terminal: true });
  const renderer = chooseRenderer(host, { json: true, verbose: false, heading: null });
  const events = Object.values(sampleEvents);
  for (const event of events) renderer.event(event);
  renderer.close();
  const lines = host.stdout.text().trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(events)));
  expect(host.stderr.text()).toContain('odo: The store did not answer');
});

it('writes a line for each proof of a drill, and the first problems of one that failed', () => {
  const problems = [1, 2, 3, 4, 5, 6, 7].map((block) => `block ${block} of base/5/16401`);
  const lines = render([
    sampleEvent<'run'>(0, { type: 'run', status: 'started', kind: 'drill' }),
    sampleEvent<'proof'>(1000, {
      type: 'proof',
      item: { ...brokenIndex, outcome: 'passed', summary: '212 relations' },
    }),
    sampleEvent<'proof'>(2000, {
      type: 'proof',
      item: { ...brokenIndex, title: 'Page checksums', summary: '7 pages are damaged', details: problems },
    }),
    sampleEvent<'proof'>(3000, {
      type: 'proof',
      item: { ...brokenIndex, title: 'Rows', outcome: 'skipped', summary: 'not asked for', durationMs: null },
    }),
    sampleEvent<'completed'>(4000, { type: 'completed', durationMs: 4000, verdict: 'failed', facts: {} }),
  ]);
  expect(lines).toEqual([
    '2026-11-22T22:09:55Z  drill 20261122-220955-k3f9',
    '2026-11-22T22:09:56Z  proof ok: Tables and indexes of shop: 212 relations (4.1 s)',
    '2026-11-22T22:09:57Z  proof FAILED: Page checksums: 7 pages are damaged (4.1 s)',
    ...problems.slice(0, 5).map((problem) => `2026-11-22T22:09:57Z    ${problem}`),
    '2026-11-22T22:09:57Z    and 2 more, in the report',
    '2026-11-22T22:09:58Z  proof skipped: Rows: not asked for',
    '2026-11-22T22:09:59Z  completed: the drill failed',
  ]);
});
