import { spawn } from 'node:child_process';
import { run } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { odoCli } from './odo-program.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const prompt = 'ready> ';

/** Commands that make the shell ready, and bind Ctrl-T to a list of what a line could go on with. */
const terminals = {
  bash: {
    command: 'bash --noprofile --norc -i',
    setUp: [
      "bind 'set enable-bracketed-paste off'",
      "bind 'set completion-query-items -1'",
      "bind 'set page-completions off'",
      `bind '"\\C-t": possible-completions'`,
    ],
  },
  zsh: {
    command: 'zsh -f -i',
    setUp: [
      'unset zle_bracketed_paste; setopt no_prompt_cr no_prompt_sp',
      'autoload -Uz compinit; compinit -u -D',
      "zstyle ':completion:*' verbose no; LISTMAX=1000",
      "bindkey '^T' list-choices",
    ],
  },
} as const;

/**
 * What the shell itself offers for each of the lines, in a terminal, with the script that odo prints. `odo` is this
 * project's program, in the working directory `cwd`.
 */
export async function completionsOf(
  shell: Shell,
  lines: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { cwd } = options;
  // No history: a shell that is killed would write it into a directory that is being removed.
  const env = { ...process.env, ...options.env, TERM: 'dumb', LC_ALL: 'C.UTF-8', HISTFILE: '' };
  const program = `"${process.execPath}" "${odoCli}"`;
  if (shell === 'fish') return askFish(program, lines, { cwd, env });
  const define = `odo() { ${program} "$@"; }`;
  const { command, setUp } = terminals[shell];
  const child = spawn('script', ['-qfec', command, '/dev/null'], { cwd, env: { ...env, PS1: prompt } });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const type = async (text: string, until: (seen: string) => boolean): Promise<string> => {
    output = '';
    child.stdin.write(text);
    await waitUntil(`${shell} answers ${JSON.stringify(text)}: ${output}`, () => until(output), {
      deadlineMs: 60_000,
      everyMs: 20,
    });
    return output;
  };
  try {
    // Split in two, so that what is typed is not what is waited for.
    const mark = (n: number): string => `echo do''ne${n}\r`;
    // With the prompt behind it: before, the terminal would take the keys itself.
    const isMarked = (n: number) => (seen: string) => new RegExp(`done${n}\\s.*${prompt}`, 's').test(seen);
    const source = `source <(odo completion ${shell})`;
    await type(`PS1='${prompt}'; ${[define, ...setUp, source].join('; ')}; ${mark(0)}`, isMarked(0));
    const found = new Map<string, string[]>();
    for (const [index, line] of lines.entries()) {
      const seen = await type(`${line}\u0014\u0015${mark(index + 1)}`, isMarked(index + 1));
      found.set(line, wordsIn(seen, line));
    }
    return found;
  } finally {
    child.kill('SIGKILL');
  }
}

/** It says it without a terminal: a candidate, a tab and its description a line. */
async function askFish(
  program: string,
  lines: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const end = '-- end --';
  const script = [
    `function odo; ${program} $argv; end`,
    'odo completion fish | source',
    ...lines.map((line) => `complete -C '${line}'; echo '${end}'`),
  ].join('; ');
  const output = await run('fish', ['--no-config', '-c', script], options);
  const answers = output.split(end);
  return new Map(
    lines.map((line, index) => {
      const rows = (answers[index] ?? '').split('\n').map((row) => row.split('\t')[0] ?? '');
      return [line, rows.filter((word) => word !== '')];
    }),
  );
}

/** The rows between the line as it was typed and the next prompt, or the mark. */
function wordsIn(seen: string, line: string): string[] {
  const rows = seen.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]|\u0007|\r/g, '').split('\n');
  return rows
    .filter((row) => !row.includes(line.trimEnd()) && !row.includes('ready>') && !/do''ne|done\d/.test(row))
    .flatMap((row) => row.split(/\s+/))
    .filter(Boolean);
}
