import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export interface SpiedPrograms {
  /** The programs of the server, for `--pg-bin`. */
  readonly binDir: string;
  /** In front of the real PATH. */
  readonly path: string;
  /** Of every program that was started: its name, its arguments and its whole environment. */
  calls(): Promise<{ readonly program: string; readonly args: string; readonly environment: string }[]>;
}

/** Programs that note what they were given, and then become the real ones: nothing that odo starts is too short to be seen. */
export async function spyOnPrograms(
  directory: string,
  realBinDir: string,
  others: readonly string[],
): Promise<SpiedPrograms> {
  const [binDir, beside, notes] = ['pg-bin', 'bin', 'notes'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [binDir, beside, notes]) await mkdir(made, { recursive: true });
  // The server's programs run as its owner.
  await chmod(notes, 0o1777);
  const spy = (program: string, real: string) =>
    `#!/bin/sh\nnote=$(mktemp "${notes}/${program}.XXXXXXXX")\n` +
    `{ printf '%s ' "$@"; printf '\\0'; tr '\\0' '\\n' </proc/$$/environ; } >"$note"\nexec "${real}" "$@"\n`;
  for (const program of await readdir(realBinDir))
    await writeFile(join(binDir, program), spy(program, join(realBinDir, program)), { mode: 0o755 });
  for (const program of others) {
    // The real one is found behind this directory.
    const text = spy(program, program).replace('\nexec', `\nPATH=\${PATH#${beside}${delimiter}}\nexec`);
    await writeFile(join(beside, program), text.replace(`exec "${program}"`, `exec ${program}`), {
      mode: 0o755,
    });
  }
  return {
    binDir,
    path: `${beside}${delimiter}${process.env.PATH ?? ''}`,
    async calls() {
      const found = [];
      for (const name of await readdir(notes)) {
        const [args = '', environment = ''] = (await readFile(join(notes, name), 'utf8')).split('\0');
        found.push({ program: name.replace(/\.[^.]*$/, ''), args, environment });
      }
      return found;
    },
  };
}
