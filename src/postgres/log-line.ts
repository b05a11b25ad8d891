import { parseRecoveryStop, type RecoveryStop } from './recovery-stop.ts';

/** What a line of the server's log says about a recovery (C locale, log_destination stderr). */
export type ServerLogEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ready-read-only' }
  | { readonly kind: 'recovery-started'; readonly text: string }
  | { readonly kind: 'redo-started'; readonly lsn: string }
  | { readonly kind: 'consistent'; readonly lsn: string }
  | { readonly kind: 'segment-restored'; readonly name: string }
  | { readonly kind: 'redo-progress'; readonly lsn: string }
  | { readonly kind: 'redo-done'; readonly lsn: string }
  | { readonly kind: 'last-transaction'; readonly time: string }
  /** `stop` is null when the server words it in a way that odo does not know. */
  | { readonly kind: 'stopping'; readonly text: string; readonly stop: RecoveryStop | null }
  /** `replay`: somebody asked for it, or a setting is too low to go on; not the end of the recovery. */
  | { readonly kind: 'paused'; readonly at: 'target' | 'replay' }
  | { readonly kind: 'shutdown-at-target' }
  | { readonly kind: 'new-timeline'; readonly timeline: number }
  | { readonly kind: 'recovery-complete' }
  /** WAL that cannot be used: normal at the very end of the archive, data loss anywhere else. */
  | { readonly kind: 'early-stop'; readonly text: string }
  | { readonly kind: 'startup-died'; readonly how: string; readonly code: number }
  | { readonly kind: 'shut-down' }
  | { readonly kind: 'fatal'; readonly severity: 'FATAL' | 'PANIC'; readonly text: string };

type Reader = (match: RegExpExecArray) => ServerLogEvent;

const group = (match: RegExpExecArray, index: number): string => match[index] ?? '';

/** In order: the first that matches wins. A FATAL line comes first, whatever else its text resembles. */
const patterns: readonly (readonly [RegExp, Reader])[] = [
  [
    /\b(FATAL|PANIC): {1,2}(.*)$/,
    (match) => ({ kind: 'fatal', severity: match[1] === 'PANIC' ? 'PANIC' : 'FATAL', text: group(match, 2) }),
  ],
  [/database system is ready to accept connections$/, () => ({ kind: 'ready' })],
  [/database system is ready to accept read[- ]only connections$/, () => ({ kind: 'ready-read-only' })],
  [
    /(starting archive recovery|starting point-in-time recovery to .*|entering standby mode|starting backup recovery .*)$/,
    (match) => ({ kind: 'recovery-started', text: group(match, 1) }),
  ],
  [/redo starts at ([0-9A-F]+\/[0-9A-F]+)/, (match) => ({ kind: 'redo-started', lsn: group(match, 1) })],
  [
    /consistent recovery state reached at ([0-9A-F]+\/[0-9A-F]+)/,
    (match) => ({ kind: 'consistent', lsn: group(match, 1) }),
  ],
  [
    /restored log file "([^"]+)" from archive/,
    (match) => ({ kind: 'segment-restored', name: group(match, 1) }),
  ],
  [
    /redo in progress, elapsed time: .* current LSN: ([0-9A-F]+\/[0-9A-F]+)/,
    (match) => ({ kind: 'redo-progress', lsn: group(match, 1) }),
  ],
  [/redo done at ([0-9A-F]+\/[0-9A-F]+)/, (match) => ({ kind: 'redo-done', lsn: group(match, 1) })],
  [
    /last completed transaction was at log time (.+)$/,
    (match) => ({ kind: 'last-transaction', time: group(match, 1) }),
  ],
  [
    /(recovery stopping (?:before|after|at) .*)$/,
    (match) => ({ kind: 'stopping', text: group(match, 1), stop: parseRecoveryStop(group(match, 1)) }),
  ],
  [/pausing at the end of recovery/, () => ({ kind: 'paused', at: 'target' })],
  [/recovery has paused/, () => ({ kind: 'paused', at: 'replay' })],
  [/shutdown at recovery target/, () => ({ kind: 'shutdown-at-target' })],
  [/selected new timeline ID: (\d+)/, (match) => ({ kind: 'new-timeline', timeline: Number(match[1]) })],
  [/archive recovery complete/, () => ({ kind: 'recovery-complete' })],
  [
    /((?:incorrect resource manager data checksum|invalid magic number|.*different database system|unexpected pageaddr|.*incorrect prev-link|out-of-sequence timeline).*)$/,
    (match) => ({ kind: 'early-stop', text: group(match, 1) }),
  ],
  [
    /startup process \(PID \d+\) (exited with exit code|was terminated by signal) (\d+)/,
    (match) => ({ kind: 'startup-died', how: group(match, 1), code: Number(match[2]) }),
  ],
  [/database system is shut down$/, () => ({ kind: 'shut-down' })],
];

/** Null for a line that says nothing odo acts on. */
export function readServerLogLine(line: string): ServerLogEvent | null {
  const text = line.trimEnd();
  for (const [pattern, read] of patterns) {
    const match = pattern.exec(text);
    if (match) return read(match);
  }
  return null;
}
