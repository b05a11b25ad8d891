import { phaseNames, phaseNameWidth } from '../../run/phase-names.ts';
import { recoveryText } from '../../run/recovery-text.ts';
import type { Phase, RunEvent } from '../../run/run-events.ts';
import type { Host } from '../host.ts';
import { type ActivePhase, phaseLines } from './active-phase.ts';
import { errorsText, errorText } from './error-text.ts';
import {
  completedText,
  evidenceText,
  headingOf,
  headingOfPlan,
  inPhase,
  planLine,
  proofDetails,
  proofText,
  verbOf,
} from './event-text.ts';
import { LiveRegion } from './live-region.ts';
import { paint } from './paint.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import { cut, indented, widthOf } from './text.ts';
import { formatDuration } from './units.ts';

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

const proofMarks = {
  passed: () => paint('green', ' ok'),
  failed: () => paint('red', ' !!'),
  skipped: () => paint('yellow', ' --'),
  'not-reached': () => paint('yellow', ' --'),
} as const;

/** Elapsed times go on while a phase is silent. */
const redrawEveryMs = 1000;

/**
 * A run on a terminal: a line for every phase, those at work redrawn in place at the bottom. What happens before
 * the plan is held back until the plan can head it.
 */
export function ttyRenderer(host: Host, options: RenderOptions): Renderer {
  const region = new LiveRegion(host.stderr);
  const active = new Map<Phase, ActivePhase>();
  let runId = '';
  let verb = 'restore';
  let held: string[] | null = [];
  let paused = false;
  let closed = false;
  const stopTicking = host.every(redrawEveryMs, draw);
  const stopFollowing = host.onResize(draw);

  function draw(): void {
    if (paused || closed) return;
    const lines = [...active].flatMap(([phase, state]) =>
      phaseLines(phase, state, host.nowMs(), region.width()),
    );
    if (lines.length === 0) region.clear();
    else
      region.draw(
        held === null || runId === '' ? lines : [{ text: cut(`${verb} ${runId}`, region.width()) }, ...lines],
      );
  }

  function print(lines: readonly string[]): void {
    if (held !== null) held.push(...lines);
    else region.print(lines);
    draw();
  }

  /** Prints the heading and what was held back, once. */
  function head(heading: string | null): void {
    if (held === null) return;
    const waiting = held;
    held = null;
    if (runId !== '') region.print([...headingLines(heading), ...waiting]);
    else if (waiting.length > 0) region.print(waiting);
  }

  function headingLines(heading: string | null): string[] {
    const title = paint('bold', `${verb} ${runId}`);
    if (heading === null) return [title];
    const width = region.width();
    const short = `${verb} ${runId}   ${heading}`;
    return widthOf(short) <= width ? [`${title}   ${heading}`] : [title, ...indented(heading, 5, width)];
  }

  const phaseLine = (mark: string, phase: Phase, text: string): string =>
    `${mark}  ${phaseNames[phase].padEnd(phaseNameWidth)}  ${cut(text, region.width() - phaseNameWidth - 7)}`.trimEnd();

  function onPhase(event: EventOf<'phase'>): void {
    const { phase } = event;
    if (event.state === 'started') {
      // A person thinks before `confirm` ends; a running clock there would hurry them.
      if (phase !== 'confirm')
        active.set(phase, { startedMs: Date.parse(event.at), progress: null, checkpointMs: null });
      draw();
      return;
    }
    const startedMs = active.get(phase)?.startedMs;
    active.delete(phase);
    if (event.state === 'completed')
      return print([phaseLine(paint('green', ' ok'), phase, completedText(event))]);
    const after = startedMs === undefined ? '' : ` after ${formatDuration(Date.parse(event.at) - startedMs)}`;
    print([phaseLine(paint('red', ' !!'), phase, `failed${after}`)]);
  }

  function onProof({ item }: EventOf<'proof'>): void {
    const lines = indented(proofText(item), 5, region.width());
    const marked = [proofMarks[item.outcome]() + (lines[0] ?? '').slice(3), ...lines.slice(1)];
    print([...marked, ...proofDetails(item).flatMap((detail) => indented(detail, 7, region.width()))]);
  }

  /** The run is over: phases that were still at work are left as they stood. */
  function end(mark: string, lines: readonly string[]): void {
    const left = [...active.keys()].map((phase) => phaseLine(mark, phase, 'stopped'));
    active.clear();
    head(null);
    print([...left, ...lines]);
  }

  const errorOptions = () => ({ width: region.width(), withStack: options.verbose });
  const stopped = paint('yellow', ' --');

  return {
    event(event) {
      if (closed) return;
      switch (event.type) {
        case 'run':
          runId = event.runId;
          verb = verbOf(event);
          if (options.heading !== null && event.status !== 'started') head(headingOf(options.heading));
          return draw();
        case 'plan': {
          const line = planLine(event.plan);
          head(headingOfPlan(event.plan));
          if (line !== null) print(indented(line, 5, region.width()));
          return draw();
        }
        case 'phase':
          return onPhase(event);
        case 'progress': {
          const state = active.get(event.phase);
          if (state !== undefined) state.progress = event;
          return draw();
        }
        case 'checkpoint': {
          const state = active.get(event.phase);
          if (state !== undefined) state.checkpointMs = Date.parse(event.at);
          return draw();
        }
        case 'server-log':
          if (options.verbose)
            print(indented(event.line, 5, region.width()).map((line) => paint('dim', line)));
          return;
        case 'recovery':
          return print(indented(recoveryText(event), 5, region.width()));
        case 'proof':
          return onProof(event);
        case 'notice': {
          const [label, style] =
            event.level === 'warning' ? ['warning: ', 'yellow' as const] : ['', 'reset' as const];
          return print(indented(label + event.message, 5, region.width()).map((line) => paint(style, line)));
        }
        case 'evidence': {
          const style = event.problem === null ? 'reset' : 'yellow';
          return print(indented(evidenceText(event), 5, region.width()).map((line) => paint(style, line)));
        }
        case 'refused':
          return end(stopped, errorsText(event.error, event.others, errorOptions()));
        case 'failed':
          return end(stopped, errorText(event.error, errorOptions()));
        case 'interrupted':
          return end(stopped, [`interrupted${inPhase(event.phase)}`]);
        case 'declined':
          return end(stopped, ['declined; nothing was touched']);
        case 'held':
        case 'abandoned':
        case 'completed':
          return end(stopped, []);
      }
    },
    pause() {
      head(null);
      region.clear();
      paused = true;
    },
    resume() {
      paused = false;
      draw();
    },
    close() {
      if (closed) return;
      stopTicking();
      stopFollowing();
      head(null);
      region.clear();
      closed = true;
    },
  };
}
