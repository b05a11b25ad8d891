import { describe, expect, it } from 'vitest';
import { chooseManyRenderer } from '../../../../../src/cli/render/many/many-renderer.ts';
import type { SummaryEntry } from '../../../../../src/report/summary.ts';
import type { RunEvent } from '../../../../../src/run/run-events.ts';
import { halfARun, sampleEvents } from '../../../../../tools/sample-events.ts';
import { fakeHost } from '../../fake-host.ts';
import { screenOf } from '../../screen.ts';

const databases = ['orders', 'stock', 'café'];

const entry = (database: string, rest: Partial<SummaryEntry> = {}): SummaryEntry => ({
  database,
  verdict: 'passed',
  runId: '20261122-220955-k3f9',
  rtoMs: 182_000,
  rpoMs: 12_000,
  finding: null,
  next: null,
  exitCode: 0,
  reports: [],
  ...rest,
});

function draw(options: { terminal?: boolean; json?: boolean; columns?: number; verbose?: boolean }) {
  const { terminal = false, columns = 80, json = false, verbose = false } = options;
  const host = fakeHost({ terminal, columns });
  const renderer = chooseManyRenderer(host, { json, verbose, databases });
  const all = (database: string, events: readonly RunEvent[]): void => {
    for (const event of events) renderer.event(database, event);
  };
  return { host, renderer, all, screen: () => screenOf(host.stderr.text(), columns) };
}

describe('lines', () => {
  it('begin with the database they are about, errors and what is said about the drill too', () => {
    const { host, renderer, all } = draw({});
    all('orders', halfARun.slice(0, 2));
    all('stock', [sampleEvents.failed]);
    renderer.waits('café');
    renderer.ended(entry('orders'));
    renderer.ended(
      entry('stock', { verdict: 'failed', rtoMs: null, rpoMs: null, finding: 'WAL is missing.' }),
    );
    const lines = host.stderr.text().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^orders {2}2026-11-22T22:09:55Z {2}\S+ 20261122-220955-k3f9$/);
    expect(
      lines.filter((line) => !/^(?:orders|stock |café {2}) {2}\S/.test(line) && !/^stock {3} +\S/.test(line)),
    ).toEqual([]);
    expect(lines).toContain('café    waits until another drill leaves room on the disk');
    expect(lines).toContain('orders  passed  RTO 3 m 02 s  RPO 12 s');
    expect(lines).toContain('stock   FAILED  WAL is missing.');
  });

  it('of JSON have the database in each event, and nothing else on stdout', () => {
    const { host, renderer, all } = draw({ json: true });
    all('orders', halfARun);
    all('stock', halfARun);
    renderer.ended(entry('orders'));
    const events = host.stdout
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { database: string; runId: string });
    expect(events).toHaveLength(2 * halfARun.length);
    expect(new Set(events.map((event) => event.database))).toEqual(new Set(['orders', 'stock']));
    expect(events.every((event) => event.runId !== undefined)).toBe(true);
  });
});

describe('a terminal', () => {
  it('has a line for each database at work, with its phase and rate, and one for each that ended', () => {
    const { renderer, all, screen } = draw({ terminal: true, columns: 100 });
    all('orders', halfARun);
    all('stock', halfARun.slice(0, 2));
    renderer.waits('café');
    expect(screen()).toEqual([
      expect.stringMatching(/^ \.\. {2}orders {2}\S.*MiB\/s/),
      expect.stringMatching(/^ \.\. {2}stock {3}preflight +0\.0 s$/),
      expect.stringMatching(/^ \.\. {2}café {4}waits for room +0\.0 s$/),
    ]);
    renderer.ended(entry('stock', { verdict: 'failed', finding: 'a long sentence '.repeat(9) }));
    renderer.ended(entry('orders'));
    expect(screen()).toEqual([
      expect.stringMatching(/^ !! {2}stock {3}FAILED {2}RTO 3 m 02 s {2}RPO 12 s {2}a long.*…$/),
      ' ok  orders  passed  RTO 3 m 02 s  RPO 12 s',
      expect.stringMatching(/^ \.\. {2}café/),
    ]);
    renderer.close();
    expect(screen()).toHaveLength(2);
  });

  it.each([40, 80, 120])('never wraps at %d columns', (columns) => {
    const { host, renderer, all } = draw({ terminal: true, columns, verbose: true });
    for (const database of databases) all(database, [...halfARun, sampleEvents.failed]);
    renderer.ended(entry('stock', { verdict: 'failed', finding: 'a long sentence '.repeat(9) }));
    renderer.close();
    const widths = host.stderr
      .text()
      .replaceAll(/\u001b\[\d*[A-Za-z]/g, '')
      .split(/[\r\n]/)
      .map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThan(columns);
  });
});
