import { homedir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Host, Output } from './host.ts';

/** A page's width where there is no terminal: wide enough for most lines, narrow enough for a mail. */
const pageColumns = 100;

export function processHost(): Host {
  return {
    env: process.env,
    cwd: process.cwd(),
    homeDirectory: homedir(),
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    canAsk: process.stdin.isTTY === true,
    readLine,
    nowMs: Date.now,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    every(intervalMs, tick) {
      const timer = setInterval(tick, intervalMs);
      timer.unref();
      return () => clearInterval(timer);
    },
    sleep: (ms, signal) => delay(ms, undefined, { signal }),
    onSignal(listener) {
      const heard = (signal: NodeJS.Signals) => listener(signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT');
      process.on('SIGINT', heard);
      process.on('SIGTERM', heard);
      return () => {
        process.off('SIGINT', heard);
        process.off('SIGTERM', heard);
      };
    },
    onResize(listener) {
      process.stderr.on('resize', listener);
      return () => process.stderr.off('resize', listener);
    },
    exitNow: (code) => process.exit(code),
  };
}

function outputOf(stream: NodeJS.WriteStream): Output {
  let closed = false;
  // A reader that went away must neither stop a restore nor make noise (EPIPE); neither must a closed terminal (EIO).
  stream.on('error', () => {
    closed = true;
  });
  return {
    isTerminal: stream.isTTY === true,
    // A terminal that does not know its size says 0.
    columns: () => (stream.isTTY === true ? stream.columns || 80 : pageColumns),
    rows: () => (stream.isTTY === true ? stream.rows || 24 : Number.POSITIVE_INFINITY),
    write(text) {
      if (!closed) stream.write(text);
    },
    get isClosed() {
      return closed;
    },
  };
}

function readLine(prompt: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // Not `terminal: true`: raw mode would swallow Ctrl-C, which must stay the signal that stops a run.
    const lines = createInterface({ input: process.stdin, terminal: false });
    const onAbort = () => {
      // First: closing resolves with "end of input".
      reject(signal.reason);
      lines.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      process.stdin.pause();
      resolve(null);
    });
    process.stderr.write(prompt);
  });
}
