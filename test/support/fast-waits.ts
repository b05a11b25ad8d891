/**
 * Preloaded into an odo whose waits shall be short (`--import`, in its threads too): a wait takes
 * ODO_TEST_WAITS times less, so that a watchdog of half a minute barks after one or two seconds. The clock of the day
 * stays right, which signatures are made with, and so do the short waits of what polls.
 */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const factor = Number(process.env.ODO_TEST_WAITS ?? 1);
/** Waits up to this long are as they were. @unit ms */
const shortMs = 100;

const shortened = (ms: number | undefined): number =>
  ms === undefined || ms <= shortMs ? (ms ?? 0) : shortMs + (ms - shortMs) / factor;

const { setTimeout: plainTimeout } = globalThis;
globalThis.setTimeout = Object.assign(
  (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
    plainTimeout(callback, shortened(ms), ...args),
  plainTimeout,
) as typeof plainTimeout;

const plainDelay = timers.setTimeout;
timers.setTimeout = ((ms, value, options) => plainDelay(shortened(ms), value, options)) as typeof plainDelay;
syncBuiltinESMExports();

const plainSignal = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => plainSignal(shortened(ms));
