import { type Browser, chromium } from 'playwright-core';
import { installPackages } from '../lab/debian-packages.ts';

/** Debian's Chromium without a window. Its sandbox refuses to run as root, and what it opens is our own. */
export async function launchChromium(): Promise<Browser> {
  await installPackages(['chromium', 'fonts-dejavu-core']);
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}
