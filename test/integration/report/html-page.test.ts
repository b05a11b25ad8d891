import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportHtml } from '../../../src/report/html/page.ts';
import { summaryHtml } from '../../../src/report/html/summary-page.ts';
import { reportJunit } from '../../../src/report/junit.ts';
import { launchChromium } from '../../support/launch-chromium.ts';
import { sampleReports } from '../../support/sample-report.ts';
import { sampleSummary } from '../../support/sample-summary.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';
import { coloursAt, watch } from './chromium.ts';
import { layoutFaults } from './page-layout.ts';

type Sample = keyof typeof sampleReports;
type PageName = Sample | 'summary';

const samples = Object.keys(sampleReports) as Sample[];
const pages: readonly PageName[] = [...samples, 'summary'];
const htmlOf = (name: PageName): string =>
  name === 'summary' ? summaryHtml(sampleSummary) : reportHtml(sampleReports[name]);
const verdictOf = (name: PageName) => (name === 'summary' ? sampleSummary : sampleReports[name]).verdict;
const desktop = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true };
const schemes = ['light', 'dark'] as const;

describeWithLab('the page of a report in Chromium', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let browser: Browser;

  beforeAll(async () => {
    directory = await temporaryDirectory('odo-report-');
    for (const name of pages) await writeFile(join(directory.path, `${name}.html`), htmlOf(name));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await directory?.[Symbol.asyncDispose]();
  });

  const addressOf = (name: PageName): string => pathToFileURL(join(directory.path, `${name}.html`)).href;

  /** Opened from the disk, as somebody who got it by mail does. */
  async function open(
    name: PageName,
    options: BrowserContextOptions,
  ): Promise<AsyncDisposable & { readonly page: Page; readonly seen: readonly string[] }> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const seen = watch(page);
    await page.goto(addressOf(name));
    return { page, seen, [Symbol.asyncDispose]: () => context.close() };
  }

  test.each(pages)(
    '%s: fits a desktop and a phone, folded and unfolded, loads nothing, complains of nothing',
    async (name) => {
      for (const window of [desktop, phone]) {
        await using opened = await open(name, window);
        const { page } = opened;
        expect(await page.title()).toContain(verdictOf(name).slice(1));
        expect(await layoutFaults(page)).toEqual([]);
        await page.evaluate(() => {
          for (const details of document.querySelectorAll('details')) details.open = true;
        });
        expect(await layoutFaults(page)).toEqual([]);
        expect(opened.seen).toEqual([]);
      }
    },
  );

  test.each(['passed', 'failed', 'resumed', 'refused', 'summary'] as const)(
    '%s: axe has nothing to say, large and light nor small and dark',
    async (name) => {
      for (const [window, colorScheme] of [
        [desktop, 'light'],
        [phone, 'dark'],
      ] as const) {
        await using opened = await open(name, { ...window, colorScheme });
        await opened.page.evaluate(axe.source);
        const violations = await opened.page.evaluate(async () => {
          const inPage = globalThis as unknown as { readonly axe: typeof axe };
          const found = await inPage.axe.run(document, { resultTypes: ['violations'] });
          return found.violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`,
          );
        });
        expect(violations).toEqual([]);
      }
    },
  );

  test('looks the same without JavaScript', async () => {
    await using withIt = await open('failed', desktop);
    await using without = await open('failed', { ...desktop, javaScriptEnabled: false });
    const shots = [
      await withIt.page.screenshot({ fullPage: true }),
      await without.page.screenshot({ fullPage: true }),
    ];
    expect(shots[0]!.equals(shots[1]!)).toBe(true);
  });

  test.each(schemes)('the verdict has its colour and the page its ground in %s', async (colorScheme) => {
    const blank = await browser.newPage();
    const seen = new Map<string, readonly number[]>();
    for (const name of ['passed', 'failed', 'interrupted'] as const) {
      await using opened = await open(name, { ...desktop, colorScheme });
      const { page } = opened;
      const banner = (await page.locator('.banner').boundingBox())!;
      expect(banner).toMatchObject({ x: 0, y: 0, width: 1280 });
      const [corner, ground] = await coloursAt(blank, await page.screenshot(), [
        [banner.width - 8, banner.height - 8],
        [8, banner.height + 8],
      ]);
      seen.set(name, corner!);
      expect(Math.max(...ground!) < 60).toBe(colorScheme === 'dark');
      expect(Math.min(...ground!) > 240).toBe(colorScheme === 'light');
    }
    await blank.close();
    const [red, green, blue] = seen.get('passed')!;
    expect(green).toBeGreaterThan(1.5 * Math.max(red!, blue!));
    const failed = seen.get('failed')!;
    expect(failed[0]).toBeGreaterThan(1.5 * Math.max(failed[1]!, failed[2]!));
    const unfinished = seen.get('interrupted')!;
    expect(unfinished[0]).toBeGreaterThan(unfinished[1]!);
    expect(unfinished[1]).toBeGreaterThan(1.5 * unfinished[2]!);
  });

  test.each(schemes)('bars and lines are where the run was, in %s', async (colorScheme) => {
    await using opened = await open('resumed', { ...desktop, colorScheme });
    const { page } = opened;
    const blank = await browser.newPage();
    const png = await page.screenshot({ fullPage: true });
    const middle = async (selector: string): Promise<[number, number]> => {
      const box = (await page.locator(selector).first().boundingBox())!;
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [work, pause, ground] = await coloursAt(blank, png, [
      await middle('.gantt .bar.completed >> nth=-2'),
      await middle('.gantt .pause'),
      [8, 400],
    ]);
    await blank.close();
    expect(work![2]).toBeGreaterThan(work![0]);
    expect(pause).not.toEqual(ground);
    const boxes = await page
      .locator('.gantt .bar')
      .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().toJSON()));
    const plot = (await page.locator('.gantt > svg[role=img]').boundingBox())!;
    for (const box of boxes) {
      expect(box.width).toBeGreaterThan(2);
      expect(box.left).toBeGreaterThanOrEqual(plot.x - 1);
      expect(box.right).toBeLessThanOrEqual(plot.x + plot.width + 1);
    }
    const curve = (await page.locator('#replay ~ div path.line-1.line').boundingBox())!;
    expect(curve.height).toBeGreaterThan(100);
  });

  test('the keyboard goes through links, folded parts and wide tables in their order, and shows where it is', async () => {
    await using opened = await open('failed', phone);
    const { page } = opened;
    const stops: { top: number; outline: string; what: string }[] = [];
    for (;;) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const focused = document.activeElement;
        if (focused === null || focused === document.body) return null;
        const { outlineStyle } = getComputedStyle(focused);
        return {
          top: focused.getBoundingClientRect().top + scrollY,
          outline: outlineStyle,
          what: focused.tagName,
        };
      });
      if (stop === null || stops.length > 50) break;
      stops.push(stop);
    }
    expect(stops.filter(({ what }) => what === 'A')).toHaveLength(6);
    expect(stops.map(({ outline }) => outline)).not.toContain('none');
    expect(stops.map(({ top }) => top)).toEqual(stops.map(({ top }) => top).toSorted((a, b) => a - b));
    expect(stops.length).toBeGreaterThan(10);
    expect(stops.length).toBeLessThan(50);
  });

  test('on paper it is light, everything is unfolded and nothing is cut off', async () => {
    await using opened = await open('long', { viewport: { width: 688, height: 971 }, colorScheme: 'dark' });
    const { page } = opened;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      'rgb(255, 255, 255)',
    );
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(688);
    const row = page.getByRole('cell', { name: '1 m 02 s' }).last();
    expect((await row.boundingBox())!.height).toBeGreaterThan(5);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g) ?? [];
    expect(pages.length).toBeGreaterThan(3);
  });

  test('JUnit XML is well-formed for a parser that is not ours', async () => {
    const page = await browser.newPage();
    for (const name of samples) {
      const parsed = await page.evaluate((xml) => {
        const parsed = new DOMParser().parseFromString(xml, 'text/xml');
        return {
          error: parsed.querySelector('parsererror')?.textContent ?? null,
          cases: parsed.querySelectorAll('testsuites > testsuite > testcase').length,
          messages: [...parsed.querySelectorAll('failure')].map((failure) => failure.getAttribute('message')),
        };
      }, reportJunit(sampleReports[name]));
      expect(parsed.error).toBeNull();
      expect(parsed.cases).toBe(sampleReports[name].proofs.length + 1);
      if (name === 'failed') expect(parsed.messages).toContain('2 of 14,680,064 pages are damaged');
      if (name === 'hostile')
        expect(parsed.messages[0]).toContain('</style></title><script>document.title="owned"');
    }
    await page.close();
  });
});
