import { phaseNames, phaseNameWidth } from '../../../run/phase-names.ts';
import type { Phase, RunEvent } from '../../../run/run-events.ts';
import type { Host } from '../../host.ts';
import { errorText } from '../error-text.ts';
import { fittedProgress } from '../event-text.ts';
import { type LiveLine, LiveRegion } from '../live-region.ts';
import { paint } from '../paint.ts';
import { cut, indented, widthOf } from '../text.ts';
import { formatDuration } from '../units.ts';
import { endedText } from './ended-text.ts';
import type { ManyRenderer, ManyRenderOptions } from './many-renderer.ts';

interface ActiveDrill {
  readonly startedMs: number;
  /** Those at work, with what was last heard of each. */
  readonly phases: Map<Phase, Extract<RunEvent, { type: 'progress' }> | null>;
  waits: boolean;
}

/** Elapsed times go on while a phase is silent. */
const redrawEveryMs = 1000;

/** On a terminal: a line for each database at work, redrawn in place at the bottom, and one that stays when it ended. */
export function ttyManyRenderer(
  host: Host,
  { verbose, databases }: Omit<ManyRenderOptions, 'json'>,
): ManyRenderer {
  const region = new LiveRegion(host.stderr);
  const width = Math.max(0, ...databases.map(widthOf));
  const active = new Map<string, ActiveDrill>();
  let closed = false;
  const stopTicking = host.every(redrawEveryMs, draw);

  function draw(): void {
    if (closed) return;
    const lines = [...active].map(([database, drill]) => liveLine(database, drill));
    if (lines.length === 0) region.clear();
    else region.draw(lines);
  }

  const named = (mark: string, database: string): string =>
    `${mark}  ${database}${' '.repeat(Math.max(0, width - widthOf(database)))}  `;

  function liveLine(database: string, drill: ActiveDrill): LiveLine {
    const [phase, progress = null] = shownPhase(drill);
    const doing = drill.waits ? 'waits for room' : phase === null ? '' : phaseNames[phase];
    const head = `${named(' ..', database)}${doing.padEnd(phaseNameWidth)}  `;
    const elapsed = formatDuration(host.nowMs() - drill.startedMs);
    const room = region.width() - widthOf(head);
    const [text = ''] = progress === null ? [elapsed] : fittedProgress(progress, room);
    return {
      text: cut(head + text, region.width()),
      paint: (line) => paint('cyan', line.slice(0, 4)) + line.slice(4),
    };
  }

  function print(lines: readonly string[]): void {
    region.print(lines);
    draw();
  }

  const drillOf = (database: string): ActiveDrill => {
    const known = active.get(database);
    if (known !== undefined) return known;
    const drill: ActiveDrill = { startedMs: host.nowMs(), phases: new Map(), waits: false };
    active.set(database, drill);
    return drill;
  };

  return {
    event(database, event) {
      if (closed) return;
      const drill = drillOf(database);
      drill.waits = false;
      switch (event.type) {
        case 'phase':
          drill.phases.delete(event.phase);
          if (event.state === 'started') drill.phases.set(event.phase, null);
          return draw();
        case 'progress':
          if (drill.phases.has(event.phase)) drill.phases.set(event.phase, event);
          return draw();
        case 'server-log':
          return verbose ? print([cut(named('   ', database) + event.line, region.width())]) : undefined;
        case 'notice':
          if (event.level === 'info' && !verbose) return;
          return print(
            indented(`${database}: ${event.message}`, 5, region.width()).map((line) =>
              event.level === 'warning' ? paint('yellow', line) : line,
            ),
          );
        case 'failed':
        case 'refused':
          return print([
            named(paint('red', ' !!'), database).trimEnd(),
            ...errorText(event.error, { width: region.width(), withStack: verbose }),
          ]);
        default:
          return draw();
      }
    },
    waits(database) {
      drillOf(database).waits = true;
      draw();
    },
    ended(entry) {
      active.delete(entry.database);
      const mark = {
        passed: paint('green', ' ok'),
        failed: paint('red', ' !!'),
        unfinished: paint('yellow', ' --'),
      };
      const room = region.width() - width - 7;
      print([named(mark[entry.verdict], entry.database) + cut(endedText(entry), room)]);
    },
    say: (message) => print(indented(message, 0, region.width())),
    close() {
      if (closed) return;
      stopTicking();
      region.clear();
      closed = true;
    },
  };
}

/** Of those that go on together the base backup, which takes longest; else the one that began last. */
function shownPhase({ phases }: ActiveDrill) {
  const base = phases.get('restoreBase');
  if (base !== undefined) return ['restoreBase', base] as const;
  return [...phases].at(-1) ?? ([null, null] as const);
}
