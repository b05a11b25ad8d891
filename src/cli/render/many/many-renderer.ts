import type { SummaryEntry } from '../../../report/summary.ts';
import type { RunEvent } from '../../../run/run-events.ts';
import type { Host } from '../../host.ts';
import { canRedraw } from '../choose-renderer.ts';
import { linesRenderer } from './lines.ts';
import { ttyManyRenderer } from './tty-many.ts';

/** Draws the drills of several databases that go on at the same time; each line says which one it is about. */
export interface ManyRenderer {
  event(database: string, event: RunEvent): void;
  /** It has not begun: the disk has no room for it beside the others. */
  waits(database: string): void;
  ended(entry: SummaryEntry): void;
  /** About all of them. */
  say(message: string): void;
  /** Nothing is drawn after it; idempotent. */
  close(): void;
}

export interface ManyRenderOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  /** All that are drilled. */
  readonly databases: readonly string[];
}

export const chooseManyRenderer = (host: Host, options: ManyRenderOptions): ManyRenderer =>
  !options.json && canRedraw(host, host.stderr)
    ? ttyManyRenderer(host, options)
    : linesRenderer(host, options);
