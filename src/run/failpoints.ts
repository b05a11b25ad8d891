import { appendFileSync } from 'node:fs';
import { archiveFailpoints } from '../archive/restore-archive.ts';
import { phases } from './run-events.ts';

/** Points inside steps, besides the three around every step and part. */
const insideSteps = [
  'prepareTarget:looked',
  'prepareTarget:marked',
  'restoreWal:brought',
  'layOut:configured',
  'layOut:written',
  'seal:tablespace_map',
  'seal:backup_label',
  'seal:global/pg_control',
  'reachTarget:paused',
  'promote:ready',
  'prove:ready',
  'prove:proved',
  'tearDown:ended',
  'tearDown:discarded',
  'configureDatabase:proving',
  'configureDatabase:following',
  'switchOver:stopped',
  'move:before',
  'move:after',
] as const;

/**
 * Points where a test can kill this process without mercy: `ODO_FAILPOINT=name`, or `name#3` for the third time
 * it is passed (parts of a step pass the step's points too). With `ODO_FAILPOINT_SIGNAL=SIGSTOP` it is suspended there
 * instead, until it is continued. `ODO_FAILPOINT_TRACE=file` writes down what is passed, a line each time. Nothing
 * happens unless one of the first and the last is set.
 */
export const failpoints: readonly string[] = [
  ...phases
    .filter((phase) => phase !== 'confirm')
    .flatMap((phase) => [`${phase}:after-intent`, `${phase}:after-effect`, `${phase}:after-completion`]),
  ...insideSteps,
  ...archiveFailpoints,
  'checkpoint:before',
  'checkpoint:after',
  'snapshot:before',
  'snapshot:after',
];

const passed = new Map<string, number>();

export function failpoint(name: string): void {
  const trace = process.env.ODO_FAILPOINT_TRACE;
  if (trace !== undefined && trace !== '') appendFileSync(trace, `${name}\n`);
  const armed = process.env.ODO_FAILPOINT;
  if (armed === undefined || armed === '') return;
  const count = (passed.get(name) ?? 0) + 1;
  passed.set(name, count);
  const [wanted, nth] = armed.split('#');
  if (wanted !== name || Number(nth ?? '1') !== count) return;
  const isStopped = process.env.ODO_FAILPOINT_SIGNAL === 'SIGSTOP';
  process.kill(process.pid, isStopped ? 'SIGSTOP' : 'SIGKILL');
  // Should the signal take a moment: nothing after this point may run.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, isStopped ? 100 : Number.POSITIVE_INFINITY);
}
