import { execa, type Options } from 'execa';

/** Runs a command; resolves with its trimmed stdout, throws with the end of its output when it failed. */
export async function run(command: string, args: readonly string[], options: Options = {}): Promise<string> {
  const result = await execa(command, args, {
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    ...options,
    reject: false,
    all: true,
  });
  if (result.failed) {
    const tail = String(result.all ?? '').slice(-3000);
    throw new Error(
      `${command} ${args.join(' ').slice(0, 300)} failed (${result.exitCode ?? result.signal ?? result.code}):\n${tail}`,
    );
  }
  return String(result.stdout ?? '').trim();
}

/** Whether the command exits 0; a missing command is `false`. */
export async function succeeds(
  command: string,
  args: readonly string[],
  options: Options = {},
): Promise<boolean> {
  const result = await execa(command, args, {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    ...options,
    reject: false,
  });
  return !result.failed;
}
