import { phaseNames } from '../../run/phase-names.ts';
import { recoveryText } from '../../run/recovery-text.ts';
import type { Phase, RunEvent } from '../../run/run-events.ts';
import type { Host } from '../host.ts';
import { errorsText, errorText } from './error-text.ts';
import {
  completedText,
  evidenceText,
  headingOf,
  headingOfPlan,
  inPhase,
  planLine,
  progressText,
  proofDetails,
  proofText,
  verbOf,
} from './event-text.ts';
import { heldText } from './held-text.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import { printable } from './text.ts';
import { formatTime } from './units.ts';

/** A log shows that a restore is alive without being flooded by it. */
const progressEveryMs = 10_000;

const proofMarks = {
  passed: 'ok',
  failed: 'FAILED',
  skipped: 'skipped',
  'not-reached': 'not reached',
} as const;

/** Logs are not wrapped: whoever reads them has a window of their own width. */
const unwrapped = Number.MAX_SAFE_INTEGER;

/** A run in a log file, or on a terminal that cannot redraw: lines that start with the time, none ever changed. */
export function plainRenderer(host: Host, options: RenderOptions): Renderer {
  const lastProgressMs = new Map<Phase, number>();
  const lastCheckpointMs = new Map<Phase, number>();
  const say = (event: RunEvent, text: string): void =>
    host.stderr.write(`${formatTime(event.at)}  ${text}\n`);
  const tell = (lines: readonly string[]): void =>
    host.stderr.write(lines.map((line) => `${line}\n`).join(''));
  const errorOptions = { width: unwrapped, withStack: options.verbose };

  return {
    event(event) {
      switch (event.type) {
        case 'run': {
          const isTold = options.heading === null || event.status === 'started';
          const heading = isTold ? '' : `   ${headingOf(options.heading)}`;
          return say(event, `${verbOf(event)} ${event.runId}${heading}`);
        }
        case 'plan': {
          const line = planLine(event.plan);
          say(event, headingOfPlan(event.plan));
          if (line !== null) say(event, line);
          return;
        }
        case 'phase': {
          const name = phaseNames[event.phase];
          lastProgressMs.delete(event.phase);
          lastCheckpointMs.delete(event.phase);
          if (event.state === 'started') {
            return say(event, `${name}: started${event.attempt > 1 ? `, attempt ${event.attempt}` : ''}`);
          }
          if (event.state === 'failed') return say(event, `${name}: failed`);
          return say(event, `${name}: done  ${completedText(event).replaceAll(/ {2,}/g, '  ')}`.trimEnd());
        }
        case 'progress': {
          const nowMs = Date.parse(event.at);
          const lastMs = lastProgressMs.get(event.phase);
          // The first one only starts the clock: it says nothing that "started" did not.
          if (lastMs === undefined) lastProgressMs.set(event.phase, nowMs);
          if (lastMs === undefined || nowMs - lastMs < progressEveryMs) return;
          lastProgressMs.set(event.phase, nowMs);
          const checkpointMs = lastCheckpointMs.get(event.phase);
          const text = progressText(event, {
            checkpointMs: checkpointMs === undefined ? null : nowMs - checkpointMs,
            silentMs: 0,
          });
          return say(event, `${phaseNames[event.phase]}: ${text.trimStart()}`);
        }
        case 'checkpoint':
          lastCheckpointMs.set(event.phase, Date.parse(event.at));
          return;
        case 'server-log':
          if (options.verbose) say(event, `server: ${printable(event.line)}`);
          return;
        case 'recovery':
          return say(event, printable(recoveryText(event)));
        case 'proof': {
          const { item } = event;
          say(event, `proof ${proofMarks[item.outcome]}: ${proofText(item)}`);
          for (const detail of proofDetails(item)) say(event, `  ${detail}`);
          return;
        }
        case 'notice':
          return say(event, `${event.level === 'warning' ? 'warning: ' : ''}${printable(event.message)}`);
        case 'refused':
          return tell(errorsText(event.error, event.others, errorOptions));
        case 'failed':
          say(event, `failed${inPhase(event.phase)}`);
          return tell(errorText(event.error, errorOptions));
        case 'interrupted':
          return say(event, `interrupted${inPhase(event.phase)}`);
        case 'held':
          return say(event, `held: ${heldText(event)}`);
        case 'evidence':
          return say(event, evidenceText(event));
        case 'declined':
          return say(event, 'declined; nothing was touched');
        case 'abandoned':
          return say(event, 'abandoned; what it made is removed');
        case 'completed':
          return say(event, event.verdict == null ? 'completed' : `completed: the drill ${event.verdict}`);
      }
    },
    pause() {},
    resume() {},
    close() {},
  };
}
