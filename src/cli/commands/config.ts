import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { OdoError } from '../../errors/odo-error.ts';
import type { CliContext } from '../context.ts';
import { createFile } from '../create-file.ts';
import { addHelp } from '../options.ts';

export function addConfig(program: Command, { host }: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('config')
    .addArgument(new Argument('<action>', 'what to do: import').choices(['import']))
    .addArgument(new Argument('<file>', 'the settings of another tool'))
    .summary('make an odo.yaml of the settings of another tool')
    .description(
      'Reads the recovery.conf of pg_backctl, or the recovery parameters of PostgreSQL, and prints an odo.yaml with comments: what each line comes from, what was not taken over, and why. Secrets are not written; the file says which variables to set instead.',
    )
    .addOption(
      new Option('--out <file>', 'write it to this file, which must not be there yet').helpGroup(
        'What becomes of it:',
      ),
    );
  addHelp(command);
  command.action(async (_action: string, name: string) => {
    const out: unknown = command.getOptionValue('out');
    const file = resolve(host.cwd, typeof out === 'string' ? out : 'odo.yaml');
    const { importSettings } = await import('../../config/import/import-settings.ts');
    const text = importSettings(readOld(resolve(host.cwd, name)), { name, cwd: host.cwd, file });
    if (typeof out === 'string') {
      createFile(file, text);
      host.stderr.write(
        `${out} is written. Next: odo plan${file === join(host.cwd, 'odo.yaml') ? '' : ` --config ${out}`}\n`,
      );
    } else host.stdout.write(text);
    exit(0);
  });
}

function readOld(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OdoError('CONFIG_INVALID', `${file} cannot be read.`, {
      hint: 'Name the file that the other tool reads: odo config import recovery.conf',
      cause,
    });
  }
}
