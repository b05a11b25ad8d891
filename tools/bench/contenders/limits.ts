/** What no restore of this archive on this machine can beat for long: its decoding alone, its writing alone. */
import { join } from 'node:path';
import type { Contender } from '../contender.ts';
import { programs } from '../programs.ts';
import { type Command, runTimed } from '../timed-command.ts';
import { shellContender } from './shell.ts';

/** A child that prints the seconds of the work alone, without the start of Node. */
async function runLimit(command: Command) {
  const run = await runTimed(command);
  return { ...run, wallSeconds: Number(run.stdout.at(-1)) };
}

const script = (name: string) => join(import.meta.dirname, name);

export const limits: readonly Contender[] = [
  {
    name: 'decode-alone',
    title: 'limit: odo’s decoder alone, from a local file to nowhere',
    isDurable: false,
    tree: 'none',
    run: ({ backups }) => runLimit({ argv: [process.execPath, script('decode-alone.ts'), backups.gzipFile] }),
  },
  {
    name: 'write-alone',
    title: 'limit: the same bytes written directly into one file, and synced',
    isDurable: true,
    tree: 'none',
    run: ({ backups, directory }) =>
      runLimit({
        argv: [
          process.execPath,
          script('write-alone.ts'),
          join(directory, 'written'),
          String(backups.tarBytes),
        ],
      }),
  },
  shellContender({
    name: 'plain-tar',
    title: '`tar -x` of the plain tar, a local file',
    isDurable: false,
    script: ({ backups }) => `${programs.tar} -xf '${backups.tarFile}' -C "$tree"`,
  }),
];
