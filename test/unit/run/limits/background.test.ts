import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { plainRequest } from '../../../support/facts.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const url = (path: string): string =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../../src', path)).href);

/** In a process of its own: what yields once cannot be raised again. */
async function program(script: string, env: Record<string, string> = {}): Promise<unknown> {
  const { stdout } = await execa(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    env,
  });
  return JSON.parse(stdout);
}

const looking = `
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { runInBackground } from ${url('run/limits/background.ts')};

const niceIn = (stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
const niceOf = (thread) => niceIn(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8'));
const threads = () => readdirSync('/proc/self/task').map(Number);
const others = () => threads().filter((thread) => thread !== process.pid);
const troubles = [];
const niceBefore = niceOf(process.pid);
`;

describe.skipIf(process.platform !== 'linux')('in the background', () => {
  test('threads of the data plane yield, also new ones, and neither the main thread nor what it starts does', async () => {
    const seen = await program(`${looking}
      const classOf = (thread) => execFileSync('ionice', ['-p', String(thread)], { encoding: 'utf8' }).trim();
      const classBefore = classOf(process.pid);
      const early = new Worker('setInterval(() => {}, 1000)', { eval: true });
      await new Promise((resolve) => early.once('online', resolve));
      using background = await runInBackground((sentence) => troubles.push(sentence));
      const atOnce = others().map((thread) => [niceOf(thread), classOf(thread)]);
      const known = new Set(threads());
      const late = new Worker('setInterval(() => {}, 1000)', { eval: true });
      await new Promise((resolve) => late.once('online', resolve));
      const added = threads().filter((thread) => !known.has(thread));
      const yields = (thread) => niceOf(thread) === 19 && classOf(thread) === 'idle';
      const deadline = Date.now() + 15_000;
      while (!added.every(yields) && Date.now() < deadline) await delay(50);
      console.log(JSON.stringify({
        troubles,
        atOnce: [...new Set(atOnce.map(String))],
        enough: atOnce.length >= 5,
        added: added.length >= 1 && added.every(yields),
        main: niceOf(process.pid) - niceBefore,
        mainClass: classOf(process.pid) === classBefore,
        started: niceIn(execFileSync('cat', ['/proc/self/stat'], { encoding: 'utf8' })) - niceBefore,
      }));
      await Promise.all([early.terminate(), late.terminate()]);
    `);
    expect(seen).toEqual({
      troubles: [],
      atOnce: ['19,idle'],
      enough: true,
      added: true,
      main: 0,
      mainClass: true,
      started: 0,
    });
  });

  test('says once what the system does not allow, and does the rest', async () => {
    const seen = await program(
      `${looking}
      using background = await runInBackground((sentence) => troubles.push(sentence));
      console.log(JSON.stringify({ troubles, nice: [...new Set(others().map(niceOf))] }));
    `,
      { PATH: '/nowhere' },
    );
    expect(seen).toEqual({
      troubles: [
        'Files are read and written at normal I/O priority: the program ionice is not installed (Debian: util-linux).',
      ],
      nice: [19],
    });
  });

  test('works a run that asked for it, which tells what is not allowed; a plan reads too little to matter', async () => {
    await using directory = await temporaryDirectory();
    const request = {
      ...plainRequest,
      source: { url: `file://${directory.path}/none`, endpoint: null, region: null },
      target: { kind: 'data-directory', path: join(directory.path, 'data') },
    };
    const seen = await program(
      `
      import { startRun, planRun } from ${url('run/executor.ts')};
      const noticesOf = async (run, background) => {
        const notices = [];
        await run({ ...${JSON.stringify(request)}, background }, {
          journalFile: ${JSON.stringify(join(directory.path, 'journal.sqlite'))},
          credentials: null,
          onEvent: (event) => { if (event.type === 'notice') notices.push(event.level + ': ' + event.message); },
          confirm: async () => ({ answer: 'decline' }),
          signal: new AbortController().signal,
        });
        return notices.length;
      };
      console.log(JSON.stringify({
        run: await noticesOf(startRun, true),
        plain: await noticesOf(startRun, false),
        plan: await noticesOf(planRun, true),
      }));
    `,
      { PATH: '/nowhere' },
    );
    expect(seen).toEqual({ run: 1, plain: 0, plan: 0 });
  });
});
