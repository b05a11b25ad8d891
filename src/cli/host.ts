/** Where text goes. */
export interface Output {
  readonly isTerminal: boolean;
  /** Of the terminal now; a page's width elsewhere. @unit characters */
  columns(): number;
  /** Of the terminal now; without end elsewhere. */
  rows(): number;
  write(text: string): void;
  /** True when nobody reads any more (`odo backups | head`): writing is pointless, and no error. */
  readonly isClosed: boolean;
}

/** The process around the program, as far as commands need it: tests give their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDirectory: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** True when a person can be asked: standard input is a terminal. */
  readonly canAsk: boolean;
  /** One line of standard input; null at its end. Rejects when `signal` aborts. */
  readLine(prompt: string, signal: AbortSignal): Promise<string | null>;
  nowMs(): number;
  /** IANA name. */
  readonly timeZone: string;
  /** Calls again and again until the returned function is called. */
  every(intervalMs: number, tick: () => void): () => void;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** SIGINT and SIGTERM reach `listener` instead of ending the process, until the returned function is called. */
  onSignal(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** The window of the terminal has another size, until the returned function is called. */
  onResize(listener: () => void): () => void;
  exitNow(code: number): void;
}
