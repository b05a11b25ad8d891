import { expect, test } from 'vitest';
import { reportMarkdown } from '../../../src/report/markdown.ts';
import {
  failedDrill,
  hostileReport,
  interruptedDrill,
  passedDrill,
  refusedDrill,
  resumedDrill,
  sampleReports,
} from '../../support/sample-report.ts';

const headings = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('#'));

test('the verdict comes first, then the headline and what is wrong', () => {
  const lines = reportMarkdown(failedDrill).split('\n');
  expect(lines[0]).toBe('# Failed: Recovery drill of orders');
  expect(lines[2]).toBe(failedDrill.headline);
  expect(lines[4]).toBe('## Findings');
  expect(lines[7]).toBe('- **pages**: Two pages of database orders are damaged in the backup.');
});

test('a passed drill has neither findings nor anything to go on with', () => {
  expect(headings(reportMarkdown(passedDrill))).toEqual([
    '# Passed: Recovery drill of orders',
    '## Run',
    '## Measures',
    '## Proofs',
    '## Phases',
    '## Earlier drills',
    '## Plan',
    '### What is read',
    '### What is made',
    '### What is stopped',
    '## Events',
    '## Environment',
  ]);
});

test('measures stand beside their limits', () => {
  expect(reportMarkdown(failedDrill)).toContain('| Recovery time (RTO) | 18 m 00 s | 15 m, exceeded |');
  expect(reportMarkdown(passedDrill)).toContain('| Recovery point (RPO) | 44 s | 5 m, kept |');
  expect(reportMarkdown(interruptedDrill)).toContain('| Recovery time (RTO) | unknown | 15 m |');
});

test('each attempt of a phase is a row', () => {
  const rows = reportMarkdown(resumedDrill)
    .split('\n')
    .filter((line) => line.startsWith('| restore base |'));
  expect(rows).toEqual([
    '| restore base | 1 | interrupted | 2026-11-22 22:10:41 UTC |  |  |  |',
    '| restore base | 2 | failed | 2026-11-23 07:22:25 UTC | 1 m 00 s |  |  |',
    '| restore base | 3 | completed | 2026-11-23 07:23:55 UTC | 1 m 00 s | 12.0 GiB | 205 MiB/s |',
  ]);
});

test('an unfinished run says what goes on with it, as a command to copy', () => {
  expect(reportMarkdown(interruptedDrill)).toContain('```sh\nodo resume 20261122-220955-k3f9\n```');
});

test('a refused run says why once, and what to do', () => {
  const text = reportMarkdown(refusedDrill);
  expect(text).toContain('## What stopped it\n\n- BACKUP\\_NOT\\_FOUND\n- odo backups');
  expect(headings(text)).not.toContain('## Proofs');
});

test('nothing of a text becomes a heading, a list, a cell, an element or the end of a code block', () => {
  const text = reportMarkdown({ ...hostileReport, next: 'odo resume x\n```\n# out' });
  const ours = /^(#|##|###) /;
  for (const heading of headings(text)) expect(heading).toMatch(ours);
  expect(headings(text).filter((line) => line.startsWith('## '))).toHaveLength(10);
  expect(text.replaceAll('<br>', '')).not.toMatch(/<[a-z/]/i);
  expect(text).toContain('````sh\nodo resume x\n```\n# out\n````');
});

test.each(Object.entries(sampleReports))(
  'every row of a table has as many cells as its head: %s',
  (_, report) => {
    const cells = (line: string): number => line.replaceAll('\\|', '').split('|').length;
    let head = 0;
    for (const line of reportMarkdown(report).split('\n')) {
      if (!line.startsWith('|')) head = 0;
      else if (head === 0) head = cells(line);
      else expect(cells(line), line).toBe(head);
    }
  },
);
