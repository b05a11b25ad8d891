import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../support/launch-chromium.ts';
import { serveSite } from '../../support/site-server.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const root = join(import.meta.dirname, '../../..');

describeWithLab('the documentation as a site', () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof serveSite>>;

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(root, 'tools/site.ts')], { cwd: root });
    site = await serveSite(join(root, 'build/site'));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  /** Everything it asks of others, and every complaint. */
  async function open(path: string) {
    const page = await browser.newPage({ colorScheme: 'dark' });
    const trouble: string[] = [];
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.address))
        trouble.push(`asks ${request.url()}`);
    });
    page.on('response', (answer) => answer.ok() || trouble.push(`${answer.status()} ${answer.url()}`));
    page.on('pageerror', (error) => trouble.push(error.message));
    await page.goto(`${site.address}${path}`);
    return { page, trouble, [Symbol.asyncDispose]: () => page.close() };
  }

  test('finds a page by a word of it, asks no server but its own, and is dark where the reader’s system is', async () => {
    await using opened = await open('/');
    const { page, trouble } = opened;
    await page.getByRole('button', { name: 'Search' }).first().click();
    await page.getByRole('searchbox').fill('restore_command');
    await page.locator('.result', { hasText: 'When the server says' }).first().click();
    await page.waitForURL(/\/troubleshooting\.html/);
    // The address changes before the page does.
    await page.locator('h1', { hasText: 'When the server says' }).waitFor();
    expect(await page.locator('html').getAttribute('class')).toContain('dark');
    expect(trouble).toEqual([]);
  });

  test('draws the machine', async () => {
    await using opened = await open('/machine.html');
    const { page, trouble } = opened;
    await page.locator('.mermaid-drawing svg').waitFor();
    expect(await page.locator('.mermaid-drawing svg').textContent()).toContain('configureRecovery');
    expect(trouble).toEqual([]);
  });
});
