import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { waitUntil } from '../lab/wait-until.ts';
import { inheritedEnvironment } from './odo-program.ts';

/** A shell in a tmux of the test's own, looked at through a client that has a real terminal: a pane of another tmux. */
export interface Tmux extends AsyncDisposable {
  /** Types a command into a cleared window. */
  type(command: string): Promise<void>;
  /** Presses a key by tmux's name of it: `C-c`. */
  press(key: string): Promise<void>;
  /** Resolves with the screen once it matches. */
  until(pattern: RegExp, deadlineMs?: number): Promise<string>;
  /** The screen with the escape sequences of its colours. */
  coloured(): Promise<string>;
  /** The terminal of the client gets another size. */
  resize(columns: number, rows: number): Promise<void>;
  /** The terminal of the client is gone, as when a connection breaks. */
  closeTerminal(): Promise<void>;
  /** Another terminal, of that size, looks at the same window. */
  openTerminal(columns: number, rows: number): Promise<void>;
  /** Ends the server, and the shell with it. */
  killServer(): Promise<void>;
}

let started = 0;

export async function startTmux(options: {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<Tmux> {
  started += 1;
  const name = `odo-test-${process.pid}-${started}`;
  const inherited = Object.entries(inheritedEnvironment()).filter(
    ([key]) => !/^(TMUX|NO_COLOR|FORCE_COLOR)/.test(key),
  );
  const env = { ...Object.fromEntries(inherited), TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
  const tmux = async (socket: string, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      cwd: options.cwd,
      env: { ...env, ...options.env },
    });
    return stdout;
  };
  const shell = (...args: readonly string[]): Promise<string> => tmux(name, ...args);
  const terminal = (...args: readonly string[]): Promise<string> => tmux(`${name}-terminal`, ...args);
  const sized = (columns: number, rows: number) => ['-x', String(columns), '-y', String(rows)];
  const openTerminal = async (columns: number, rows: number): Promise<void> => {
    const attach = `env -u TMUX tmux -L ${name} attach -t odo`;
    await terminal('new-session', '-d', '-s', 'terminal', ...sized(columns, rows), attach);
    await terminal('set', 'status', 'off');
    await terminal('resize-window', '-t', 'terminal', ...sized(columns, rows));
    await shows(columns, rows);
  };
  const shows = (columns: number, rows: number): Promise<unknown> =>
    waitUntil(`the window has ${columns}x${rows}`, async () => {
      const size = await shell('display', '-p', '-t', 'odo', '#{window_width}x#{window_height}');
      return size.trim() === `${columns}x${rows}`;
    });

  await shell('new-session', '-d', '-s', 'odo', ...sized(options.columns, options.rows), 'sh');
  await shell('set', 'status', 'off');
  await openTerminal(options.columns, options.rows);
  return {
    openTerminal,
    type: async (command) => void (await shell('send-keys', '-t', 'odo', `clear; ${command}`, 'Enter')),
    press: async (key) => void (await shell('send-keys', '-t', 'odo', key)),
    until: async (pattern, deadlineMs = 60_000) => {
      let screen = '';
      try {
        await waitUntil(
          `the terminal shows ${pattern}`,
          async () => {
            screen = await shell('capture-pane', '-p', '-t', 'odo');
            return pattern.test(screen);
          },
          { deadlineMs },
        );
        return screen;
      } catch (cause) {
        throw new Error(`The terminal does not show ${pattern}:\n${screen}`, { cause });
      }
    },
    coloured: () => shell('capture-pane', '-p', '-e', '-t', 'odo'),
    resize: async (columns, rows) => {
      await terminal('resize-window', '-t', 'terminal', ...sized(columns, rows));
      await shows(columns, rows);
    },
    closeTerminal: async () => void (await terminal('kill-server')),
    killServer: async () => void (await shell('kill-server')),
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([shell('kill-server'), terminal('kill-server')]);
    },
  };
}
