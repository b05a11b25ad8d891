import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lab/run-command.ts';
import { inheritedEnvironment, odoCli } from './odo-program.ts';

const root = join(import.meta.dirname, '../..');

/** The blocks of a page, as `docs/x.md`, that have this mark, in its order. */
export async function markedBlocks(page: string, mark: string): Promise<readonly string[]> {
  const text = await readFile(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, found, block = '']) =>
    found === mark ? [block] : [],
  );
}

/** Those that are marked as shell; those without a mark are only shown. */
export const shellBlocks = (page: string): Promise<readonly string[]> => markedBlocks(page, 'sh');

/**
 * Does what the page says, command by command in one shell below `directory`, as whoever reads it would: with `odo` on
 * the PATH and without a terminal. Ends at the first command that fails, and throws.
 */
export async function followTutorial(
  page: string,
  { directory, env }: { directory: string; env: Readonly<Record<string, string>> },
): Promise<void> {
  const programs = join(directory, 'bin');
  await mkdir(programs);
  await writeFile(join(programs, 'odo'), `#!/bin/sh\nexec '${process.execPath}' '${odoCli}' "$@"\n`);
  await chmod(join(programs, 'odo'), 0o755);
  // A file: what a command reads from stdin is not the rest of the page.
  const script = join(directory, 'page.sh');
  await writeFile(script, (await shellBlocks(`docs/${page}.md`)).join('\n'));
  await run('bash', ['-euo', 'pipefail', '-x', script], {
    cwd: directory,
    extendEnv: false,
    env: {
      ...inheritedEnvironment(),
      PATH: `${programs}:${process.env.PATH}`,
      XDG_STATE_HOME: join(directory, 'state'),
      NO_COLOR: '1',
      ...env,
    },
  });
}
