import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { heldMessage, holdScriptText } from '../../../src/steps/recovery-configuration.ts';
import { restoreCommand } from '../../../src/steps/restore-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const run = promisify(execFile);

/** What the command of a server that is held on timeline 10 says and how it ends, as the server runs it. */
async function ask(name: string): Promise<{ code: number; said: string }> {
  await using directory = await temporaryDirectory();
  const work = directory.path;
  await writeFile(join(work, 'hold.sh'), holdScriptText(work, 10));
  await writeFile(join(work, 'restore-wal.sh'), 'echo "handed on: $1 to $2" >&2\nexit 7\n');
  const command = restoreCommand(work, 'hold.sh').replace('%f', name).replace('%p', 'pg_wal/X');
  const failure = await run('/bin/sh', ['-c', command]).then(
    () => null,
    (error: { code: number; stderr: string }) => error,
  );
  return { code: failure?.code ?? 0, said: failure?.stderr.trim() ?? '' };
}

it.each(['0000000B.history', '00000010.history'])(
  'a held server may not ask for the newer %s',
  async (name) => {
    expect(await ask(name)).toEqual({ code: 255, said: heldMessage });
  },
);

it.each(['0000000A.history', '00000002.history', '0000000B0000000000000004'])(
  'a held server may ask for %s',
  async (name) => {
    expect(await ask(name)).toEqual({ code: 7, said: `handed on: ${name} to pg_wal/X` });
  },
);
