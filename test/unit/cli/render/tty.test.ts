import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ttyRenderer } from '../../../../src/cli/render/tty.ts';
import type { Phase, RunEvent } from '../../../../src/run/run-events.ts';
import {
  halfARun,
  otherHalf,
  sampleEvent,
  sampleEvents,
  sampleReplay,
} from '../../../../tools/sample-events.ts';
import { brokenIndex } from '../../../support/sample-proof.ts';
import { fakeHost } from '../fake-host.ts';
import { screenOf } from '../screen.ts';

const begun = (phase: Phase): RunEvent =>
  sampleEvent<'phase'>(385_000, { type: 'phase', phase, state: 'started', attempt: 1 });

const capture = (name: string): string[] =>
  readFileSync(new URL(`../../../fixtures/terminal/${name}.txt`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');

function draw(events: readonly RunEvent[], options: { columns: number; verbose?: boolean; close?: boolean }) {
  const startMs = Date.parse(events.at(-1)?.at ?? '');
  const host = fakeHost({ terminal: true, columns: options.columns, startMs });
  const renderer = ttyRenderer(host, { verbose: options.verbose ?? false, heading: null });
  for (const event of events) renderer.event(event);
  if (options.close ?? true) renderer.close();
  return { host, renderer, lines: () => screenOf(host.stderr.text(), options.columns) };
}

describe('a run on a terminal', () => {
  it('looks in the middle as it was captured from tmux at 80 columns', () => {
    expect(draw(halfARun, { columns: 80, close: false }).lines()).toEqual(capture('half-a-run-80x24'));
  });

  it('looks at its end as it was captured from tmux at 200 columns', () => {
    expect(draw([...halfARun, ...otherHalf], { columns: 200 }).lines()).toEqual(capture('whole-run-200x50'));
  });

  it.each([40, 60, 80, 120])('never writes a line that wraps at %d columns', (columns) => {
    const widths: number[] = [];
    const host = fakeHost({ terminal: true, columns });
    const write = host.stderr.write.bind(host.stderr);
    host.stderr.write = (text) => {
      for (const line of text.replaceAll(/\u001b\[\d*[A-Za-z]/g, '').split(/[\r\n]/))
        widths.push(line.length);
      write(text);
    };
    const renderer = ttyRenderer(host, { verbose: true, heading: null });
    for (const event of [
      ...halfARun,
      begun('promote'),
      sampleReplay,
      ...otherHalf.slice(0, -1),
      sampleEvents.failed,
    ])
      renderer.event(event);
    renderer.close();
    expect(Math.max(...widths)).toBeLessThan(columns);
  });

  it('draws each proof of a drill above the phases at work, with the problem of one that failed', () => {
    const events = [
      sampleEvent<'run'>(0, { type: 'run', status: 'started', kind: 'drill' }),
      sampleEvents.plan,
      sampleEvent<'proof'>(1, {
        type: 'proof',
        item: { ...brokenIndex, outcome: 'passed', summary: '3 relations' },
      }),
      sampleEvent<'proof'>(2, { type: 'proof', item: { ...brokenIndex, title: 'Indexes of crm' } }),
      begun('prove'),
    ];
    const lines = draw(events, { columns: 60, close: false }).lines();
    expect(lines[0]).toMatch(/^drill 20261122-220955-k3f9/);
    expect(lines.slice(-6)).toEqual([
      ' ok  Tables and indexes of shop: 3 relations (4.1 s)',
      ' !!  Indexes of crm: 1 problem in 212 relations (4.1 s)',
      '       index "orders_email": heap tuple (0,1) from table',
      '       "orders" lacks matching index tuple within index',
      '       "orders_email"',
      ' ..  prove               0.0 s',
    ]);
  });

  it('shows where a replay is, at 80 columns with its time on a line of its own', () => {
    const events = [...halfARun, begun('promote'), sampleReplay];
    expect(draw(events, { columns: 80, close: false }).lines().slice(-2)).toEqual([
      ' ..  promote             46%  2A/3938728 of 2A/79FC320  2 m 05 s left',
      '                         at 2026-11-22 20:41:12Z of 21:29:58Z',
    ]);
    expect(draw(events, { columns: 130, close: false }).lines().at(-1)).toBe(
      ' ..  promote             46%  2A/3938728 of 2A/79FC320  85.0 MiB/s  2 m 05 s left  at 2026-11-22 20:41:12Z of 21:29:58Z',
    );
  });

  it('keeps percent and time left when there is room for little else', () => {
    const lines = draw(halfARun, { columns: 44, close: false }).lines();
    expect(lines.slice(-4)).toEqual([
      ' ..  restore base        41%  3 m 32 s left',
      '                         data.tar.gz',
      ' ..  restore WAL         37%  13 s left',
      '                         000000030000002A0…',
    ]);
  });

  it('takes back what the terminal itself wrapped after its window became narrower', () => {
    const host = fakeHost({ terminal: true, columns: 100 });
    const renderer = ttyRenderer(host, { verbose: false, heading: null });
    for (const event of halfARun) renderer.event(event);
    const before = host.stderr.text().length;
    host.stderr.columnsNow = 60;
    renderer.event(sampleEvents.progress);
    // Two of three lines had more than 60 columns and have become two rows each: four rows to go up from the last one.
    expect(host.stderr.text().slice(before)).toMatch(/^\r\u001b\[4A\u001b\[J/);
  });

  it('draws no more lines than the window has rows', () => {
    const host = fakeHost({ terminal: true, columns: 80 });
    host.stderr.rowsNow = 3;
    const renderer = ttyRenderer(host, { verbose: false, heading: null });
    for (const event of halfARun) renderer.event(event);
    expect(screenOf(host.stderr.text(), 80).slice(-2)).toEqual(
      capture('half-a-run-80x24')
        .slice(-4, -2)
        .map((line) => line.replace('4.0 s ago', '0.0 s ago')),
    );
  });

  it('follows a window that becomes narrower at once', () => {
    const host = fakeHost({ terminal: true, columns: 200 });
    const renderer = ttyRenderer(host, { verbose: false, heading: null });
    for (const event of halfARun) renderer.event(event);
    const before = host.stderr.text().length;
    host.resize(60);
    expect(screenOf(host.stderr.text().slice(before), 60).at(-1)).toBe(
      `${' '.repeat(25)}000000030000002A00000003`,
    );
  });

  it('says of a phase that has come to a standstill since when, and no rate and no time left', () => {
    const { host, lines } = draw(halfARun, { columns: 120, close: false });
    host.pass(12_000);
    expect(lines().slice(-2)).toEqual([
      ' ..  restore base        41%  5.40 of 13.0 GiB  data.tar.gz  checkpoint 16 s ago  silent for 12 s',
      ' ..  restore WAL         37%  3 of 8 segments  000000030000002A00000003  silent for 13 s',
    ]);
  });

  it('counts the seconds of a phase that tells nothing', () => {
    const { host, lines } = draw(
      [
        sampleEvents.run,
        sampleEvent<'phase'>(0, { type: 'phase', phase: 'recover', state: 'started', attempt: 1 }),
      ],
      {
        columns: 80,
        close: false,
      },
    );
    host.pass(12_000);
    expect(lines()).toEqual(['restore 20261122-220955-k3f9', ' ..  recover             12 s']);
  });

  it('shows what was done before a kill without a time', () => {
    const before = sampleEvent<'phase'>(0, {
      type: 'phase',
      phase: 'prepareTarget',
      state: 'completed',
      attempt: 1,
      earlier: true,
    });
    expect(draw([sampleEvents.run, before], { columns: 80 }).lines()).toContain(
      ' ok  prepare target      done before',
    );
  });

  it('heads a resumed run with what the journal knows', () => {
    const host = fakeHost({ terminal: true, columns: 100 });
    const renderer = ttyRenderer(host, {
      verbose: false,
      heading: { backup: '20261120T020000', target: 'volume pgdata' },
    });
    renderer.event(sampleEvent<'run'>(0, { type: 'run', status: 'resumed', kind: 'restore' }));
    renderer.close();
    expect(screenOf(host.stderr.text(), 100)).toEqual([
      'resume 20261122-220955-k3f9   base 20261120T020000 -> volume pgdata',
    ]);
  });

  it('marks a failed phase and those that were stopped with it, and says why', () => {
    const failedPhase = sampleEvent<'phase'>(152_000, {
      type: 'phase',
      phase: 'restoreBase',
      state: 'failed',
      attempt: 1,
    });
    const lines = draw([...halfARun, failedPhase, sampleEvents.failed], { columns: 80 }).lines();
    expect(lines.slice(8)).toEqual([
      ' !!  restore base        failed after 2 m 20 s',
      ' --  restore WAL         stopped',
      'odo: The store did not answer for 5 minutes while data.tar.gz was read.',
      '     because: connect ECONNREFUSED 203.0.113.7:443',
      'hint: Go on when it answers again: odo resume 20261122-220955-k3f9',
    ]);
  });

  it('lists every failed check of a refused run', () => {
    const lines = draw([sampleEvents.run, sampleEvents.refused], { columns: 120 }).lines();
    expect(lines.filter((line) => line.startsWith('odo:'))).toHaveLength(2);
  });

  it('shows the server log only when it was asked for', () => {
    const events = [sampleEvents.run, sampleEvents['server-log']];
    expect(draw(events, { columns: 80 }).lines().join('\n')).not.toContain('consistent recovery');
    expect(draw(events, { columns: 80, verbose: true }).lines().join('\n')).toContain('consistent recovery');
  });

  it('does not let a name from the store or a log line drive the terminal', () => {
    const evil = sampleEvent<'server-log'>(0, {
      type: 'server-log',
      line: 'LOG: \u001b[2J\u001b]0;owned\u0007 text',
    });
    const { host } = draw([sampleEvents.run, evil], { columns: 80, verbose: true });
    expect(host.stderr.text()).not.toContain('\u001b[2J');
    expect(host.stderr.text()).not.toContain('\u001b]0');
  });

  it('leaves the terminal alone while a question is asked', () => {
    const { host, renderer } = draw(halfARun, { columns: 80, close: false });
    renderer.pause();
    const before = host.stderr.text();
    host.pass(5_000);
    renderer.event(sampleEvents.progress);
    expect(host.stderr.text()).toBe(before);
    renderer.resume();
    expect(host.stderr.text()).not.toBe(before);
  });
});
