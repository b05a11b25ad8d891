import type { CliApi } from '../../../src/cli/context.ts';
import type { Host, Output } from '../../../src/cli/host.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';

export interface FakeOutput extends Output {
  text(): string;
  columnsNow: number;
  rowsNow: number;
}

export function fakeOutput(isTerminal = false, columns = 80): FakeOutput {
  let text = '';
  return {
    isTerminal,
    columnsNow: columns,
    rowsNow: 24,
    columns() {
      return this.columnsNow;
    },
    rows() {
      return this.rowsNow;
    },
    write(more) {
      text += more;
    },
    isClosed: false,
    text: () => text,
  };
}

export interface FakeHost extends Host {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  env: Record<string, string>;
  /** Lets the clock go on and timers tick. */
  pass(ms: number): void;
  /** Of both outputs. */
  resize(columns: number): void;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
  readonly exits: number[];
  readonly prompts: string[];
  answers: (string | null)[];
}

export function fakeHost(
  options: {
    cwd?: string;
    env?: Record<string, string>;
    terminal?: boolean;
    columns?: number;
    startMs?: number;
  } = {},
): FakeHost {
  let now = options.startMs ?? Date.parse('2026-11-22T22:09:55Z');
  const tickers = new Set<() => void>();
  const resizeListeners = new Set<() => void>();
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const terminal = options.terminal ?? false;
  return {
    env: options.env ?? {},
    cwd: options.cwd ?? '/nowhere',
    homeDirectory: '/home/op',
    stdout: fakeOutput(terminal, options.columns),
    stderr: fakeOutput(terminal, options.columns),
    canAsk: terminal,
    prompts: [],
    answers: [],
    exits: [],
    async readLine(prompt, signal) {
      signal.throwIfAborted();
      this.prompts.push(prompt);
      return this.answers.shift() ?? null;
    },
    nowMs: () => now,
    timeZone: 'UTC',
    every(_, tick) {
      tickers.add(tick);
      return () => tickers.delete(tick);
    },
    async sleep(ms, signal) {
      signal.throwIfAborted();
      now += ms;
    },
    onSignal(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onResize(listener) {
      resizeListeners.add(listener);
      return () => resizeListeners.delete(listener);
    },
    exitNow(code) {
      this.exits.push(code);
    },
    pass(ms) {
      now += ms;
      for (const tick of tickers) tick();
    },
    resize(columns) {
      for (const output of [this.stdout, this.stderr]) output.columnsNow = columns;
      for (const listener of resizeListeners) listener();
    },
    signal(name) {
      for (const listener of listeners) listener(name);
    },
  };
}

/** An API of which a test gives what it needs; everything else is called by mistake. */
export function fakeApi(given: Partial<CliApi>): CliApi {
  const missing = (name: string) => (): never => {
    throw new OdoError('BUG', `The test does not expect ${name}.`);
  };
  return {
    startRun: missing('startRun'),
    resumeRun: missing('resumeRun'),
    planRun: missing('planRun'),
    promoteRun: missing('promoteRun'),
    abandonRun: missing('abandonRun'),
    watchRun: missing('watchRun'),
    readStatus: missing('readStatus'),
    listRuns: missing('listRuns'),
    listRunNames: missing('listRunNames'),
    backUp: missing('backUp'),
    listAvailableBackups: missing('listAvailableBackups'),
    inspectAvailableBackup: missing('inspectAvailableBackup'),
    listAvailableServers: missing('listAvailableServers'),
    lookAtCompose: missing('lookAtCompose'),
    drillDatabases: missing('drillDatabases'),
    parallelFor: missing('parallelFor'),
    examine: missing('examine'),
    makeReport: missing('makeReport'),
    ...given,
  };
}
