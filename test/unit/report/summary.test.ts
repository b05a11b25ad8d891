import { describe, expect, it } from 'vitest';
import { summaryHtml } from '../../../src/report/html/summary-page.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import { type EndedDatabase, summarizeDrills, summaryHeadline } from '../../../src/report/summary.ts';
import { summaryJunit } from '../../../src/report/summary-junit.ts';
import { summaryMarkdown } from '../../../src/report/summary-markdown.ts';
import { failedDrill, passedDrill } from '../../support/sample-report.ts';

const times = { startedAt: '2026-11-22T22:00:00.000Z', endedAt: '2026-11-22T23:10:00.000Z' };

const ended = (
  database: string,
  report: RunReport | null,
  exitCode: number,
  rest: Partial<EndedDatabase> = {},
): EndedDatabase => ({
  database,
  exitCode,
  report,
  reason: null,
  reports: [`drills-${database}.html`],
  ...rest,
});

const all: readonly EndedDatabase[] = [
  ended('orders', passedDrill, 0),
  ended('stock', failedDrill, 6),
  ended('old & <gone>', null, 2, { reason: 'Say where | the backups lie.', reports: [] }),
];
const summary = summarizeDrills(all, times);

describe('the summary of several drills', () => {
  it('is failed when one failed, unfinished when one did not end, and passed when all did', () => {
    const verdictOf = (...some: EndedDatabase[]) => summarizeDrills(some, times).verdict;
    expect(summary.verdict).toBe('failed');
    expect(verdictOf(ended('orders', passedDrill, 0), ended('gone', null, 2))).toBe('unfinished');
    expect(verdictOf(ended('orders', passedDrill, 0))).toBe('passed');
    expect(verdictOf()).toBe('unfinished');
  });

  it('says how many did what', () => {
    expect(summaryHeadline(summary)).toBe('1 of 3 databases passed, 1 failed, 1 unfinished');
    expect(summaryHeadline(summarizeDrills([ended('orders', passedDrill, 0)], times))).toBe(
      '1 database passed',
    );
  });

  it('has for each database its verdict, measures, first finding and run', () => {
    expect(summary.entries).toEqual([
      {
        database: 'orders',
        verdict: 'passed',
        runId: passedDrill.runId,
        rtoMs: passedDrill.measures.rtoMs,
        rpoMs: passedDrill.measures.rpoMs,
        finding: null,
        next: null,
        exitCode: 0,
        reports: ['drills-orders.html'],
      },
      expect.objectContaining({ verdict: 'failed', finding: failedDrill.findings[0]?.message, exitCode: 6 }),
      expect.objectContaining({ runId: null, finding: 'Say where | the backups lie.', exitCode: 2 }),
    ]);
  });

  it('is drawn as Markdown and as a page, with links, and text that stays text', () => {
    const markdown = summaryMarkdown(summary);
    expect(markdown).toMatch(
      /^# Failed: Recovery drills\n\n1 of 3 databases passed, 1 failed, 1 unfinished\./,
    );
    expect(markdown).toContain('- orders: [drills-orders.html](<drills-orders.html>)');
    expect(markdown).toContain('| old &amp; &lt;gone&gt; | Unfinished |');
    expect(markdown).toContain('Say where \\| the backups lie.');
    const page = summaryHtml(summary);
    expect(page).toContain('<a href="drills-orders.html">');
    expect(page).toContain('old &amp; &lt;gone&gt;');
    expect(page).not.toContain('<gone>');
    expect(page).not.toMatch(/<script|(?:href|src)="https?:/);
  });

  it('is one JUnit file with a suite for each, also for what never began', () => {
    const xml = summaryJunit(all, times.startedAt);
    expect(xml.match(/<testsuite /g)).toHaveLength(3);
    expect(xml.match(/ id="[0-9]+"/g)).toEqual([' id="0"', ' id="1"', ' id="2"']);
    expect(xml).toContain('name="Recovery drill of old &amp; &lt;gone&gt;"');
    expect(xml).toMatch(
      /errors="1"[^>]*>\s*<properties>\s*<\/properties>\s*<testcase name="The run \[run\]"/,
    );
    expect(xml.match(/<\/testsuites>/g)).toHaveLength(1);
  });
});
