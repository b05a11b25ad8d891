import { expect, test } from 'vitest';
import { html, Markup } from '../../../src/report/html/markup.ts';
import { reportHtml } from '../../../src/report/html/page.ts';
import {
  failedDrill,
  hostileReport,
  longDrill,
  passedDrill,
  proof,
  refusedDrill,
  restoreReport,
  resumedDrill,
  sampleReports,
} from '../../support/sample-report.ts';

const sections = (page: string): string[] =>
  [...page.matchAll(/<h2[^>]*>([^<]*)</g)].map((found) => found[1] ?? '');

test('what is filled into a template is escaped, unless it is markup', () => {
  expect(html`<p title="${'"\'<'}">${'<b>&'}${new Markup('<i>')}${null}${[1, 'é']}</p>`.text).toBe(
    '<p title="&quot;&#39;&lt;">&lt;b&gt;&amp;<i>1é</p>',
  );
});

test('the verdict, then the findings, then everything else', () => {
  expect(sections(reportHtml(failedDrill))).toEqual([
    '6 findings',
    'Measures',
    'Proofs',
    'Phases',
    'Throughput',
    'Replay',
    'Past drills',
    'Run',
    'Plan',
    'Events',
    'Environment',
  ]);
  expect(sections(reportHtml(passedDrill))[0]).toBe('Measures');
});

test('what a run has not is left out or said', () => {
  expect(sections(reportHtml(refusedDrill))).toEqual([
    '1 finding',
    'Measures',
    'Proofs',
    'Phases',
    'Run',
    'Environment',
  ]);
  expect(reportHtml(refusedDrill)).toContain('Nothing was proved.');
  expect(sections(reportHtml(restoreReport))).not.toContain('Past drills');
  expect(reportHtml(restoreReport)).toContain('no limit was set');
});

test.each(Object.entries(sampleReports))(
  'has no script, no handler and no address to load from: %s',
  (_, report) => {
    const page = reportHtml(report);
    const tags = page.match(/<[a-z][^>]*>/gi) ?? [];
    expect(page).not.toMatch(/<(script|iframe|object|embed|base|form)\b/i);
    for (const tag of tags) {
      expect(tag).not.toMatch(/\s(on\w+|src|srcset|action|formaction|xlink:href)=/i);
      expect(/\shref="([^"]*)"/.exec(tag)?.[1] ?? '#').toMatch(/^(#|data:image\/svg\+xml,)/);
    }
    expect(page).not.toMatch(/@import|url\((?!#)/);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).toContain("default-src 'none'");
  },
);

test('hostile text is shown and nothing else', () => {
  const page = reportHtml(hostileReport);
  expect(page).toContain('&lt;/style&gt;&lt;/title&gt;&lt;script&gt;');
  expect(page).toContain('\\u202egnp.exe');
  expect(page).not.toContain('\u202e');
});

test('ids are unique, and every finding leads to its proof', () => {
  for (const report of Object.values(sampleReports)) {
    const page = reportHtml(report);
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map((found) => found[1]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
    for (const [, names] of page.matchAll(/aria-labelledby="([^"]*)"/g))
      for (const name of names!.split(' ')) expect(ids).toContain(name);
  }
});

test('interruptions are drawn and said', () => {
  const page = reportHtml(resumedDrill);
  expect(page).toMatch(
    /class="bar interrupted"[^>]*><title>restore base, attempt 1: interrupted after 1 m 44 s/,
  );
  expect(page).toMatch(/class="bar failed"[^>]*><title>restore base, attempt 2: failed after 1 m 00 s/);
  expect(page).toContain('no odo worked on it for 9 h 10 m');
});

test('five hours of samples do not make the page longer', () => {
  expect(reportHtml(longDrill).length).toBeLessThan(reportHtml(passedDrill).length * 2);
});

test('of sixty databases those that passed are folded, what failed stays', () => {
  const broken = proof('amcheck:tenant_031', 'pg_amcheck of tenant_031', 'index x is broken', 3, 'failed');
  const page = reportHtml({
    ...longDrill,
    proofs: longDrill.proofs.map((item) => (item.id === broken.id ? broken : item)),
  });
  expect(page).toContain('<summary>amcheck: 61 passed</summary>');
  const beforeFold = page.slice(0, page.indexOf('<summary>amcheck'));
  expect(beforeFold).toContain('pg_amcheck of tenant_031');
  expect(beforeFold).not.toContain('pg_amcheck of tenant_030');
});

test('a line of the plan without a name belongs to the one before', () => {
  const rows = [
    { name: 'backup', value: '20261127T201130' },
    { name: '', value: 'barman-cloud' },
    { name: 'why', value: 'the newest' },
  ];
  expect(reportHtml({ ...passedDrill, plan: [{ title: 'Backup', rows }] })).toContain(
    '<div><dt>backup</dt><dd>20261127T201130</dd><dd>barman-cloud</dd></div>\n<div><dt>why</dt><dd>the newest</dd></div>',
  );
});
