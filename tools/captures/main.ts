/**
 * `npm run captures`: the pictures of the documentation, into `docs/images`: a restore, its plan and its status as they are
 * on a real terminal, and the page of a drill's report. Needs the lab, tmux and Chromium, which it installs.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { reportHtml } from '../../src/report/html/page.ts';
import { installPackages } from '../../test/lab/debian-packages.ts';
import { fixture } from '../../test/lab/fixtures.ts';
import { startS3 } from '../../test/lab/s3-server.ts';
import { launchChromium } from '../../test/support/launch-chromium.ts';
import { odoCli } from '../../test/support/odo-program.ts';
import { sampleReports } from '../../test/support/sample-report.ts';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { startTmux } from '../../test/support/tmux.ts';
import { ansiSvg } from './ansi-svg.ts';

const images = join(import.meta.dirname, '../../docs/images');
const columns = 100;

async function captureTerminal(): Promise<void> {
  await installPackages(['tmux']);
  const backup = await fixture('barman-15');
  await using s3 = await startS3({ storageDir: backup.storageDir });
  await using directory = await temporaryDirectory('odo-captures-');
  const functions = join(directory.path, 'functions.sh');
  await writeFile(functions, `PS1='$ '\nodo() { '${process.execPath}' '${odoCli}' "$@"; }\n`);
  await using tmux = await startTmux({
    ...{ columns, rows: 120, cwd: directory.path },
    env: { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state'), ENV: functions },
  });
  const save = async (name: string, title: string, before = '$'): Promise<void> => {
    const [screen = ''] = (await tmux.coloured()).split(before);
    // The one thing that is not as it was: where it lay.
    const drawn = screen.replaceAll(directory.path, '/srv/pg');
    await writeFile(join(images, `${name}.svg`), ansiSvg(drawn, { title, columns }));
  };
  const where = `-u ${backup.url} --data-dir`;
  const data = join(directory.path, 'data');
  await tmux.type(`export AWS_ENDPOINT_URL=${s3.endpoint}; clear; odo plan ${where} ${data}`);
  await tmux.until(/Nothing that exists now is removed\./);
  // The rest is long.
  await save('plan', `odo plan ${where} /srv/pg/data`, 'Duration\n');
  await tmux.type(`odo start ${where} ${data} --checkpoint-size 4MiB --max-rate 4MiB/s`);
  const live = await tmux.until(/ ok {2}restore WAL[^]*restore base +[4-9]\d%.* left/);
  await save('live-view', `odo start ${where} /srv/pg/data`);
  const runId = /restore (\S+)/.exec(live)?.[1] ?? '';
  await tmux.press('C-c');
  await tmux.until(/go on with:/);
  await tmux.type(`odo status ${runId}`);
  await tmux.until(/next +odo resume/);
  await save('status', `odo status ${runId}`);
}

async function captureReport(): Promise<void> {
  await using directory = await temporaryDirectory('odo-captures-');
  const file = join(directory.path, 'report.html');
  await writeFile(file, reportHtml(sampleReports.passed));
  const browser = await launchChromium();
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 1180, height: 1000 } });
      await page.goto(pathToFileURL(file).href);
      await page.screenshot({ path: join(images, `report-${colorScheme}.png`) });
      await page.close();
    }
  } finally {
    await browser.close();
  }
}

await mkdir(images, { recursive: true });
await captureTerminal();
await captureReport();
process.stdout.write(`${images}\n`);
