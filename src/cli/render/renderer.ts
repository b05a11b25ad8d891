import type { RunEvent } from '../../run/run-events.ts';

/** Draws the events of one run. All renderers get the same stream, so they cannot disagree. */
export interface Renderer {
  event(event: RunEvent): void;
  /** Leaves the terminal to a question until `resume`. */
  pause(): void;
  resume(): void;
  /** Nothing is drawn after it; idempotent. */
  close(): void;
}

/** What is known of a run that goes on before its first event; one that starts is headed by its plan. */
export interface RunHeading {
  readonly backup: string | null;
  readonly target: string;
}

export interface RenderOptions {
  /** Server log lines too, and stacks of bugs. */
  readonly verbose: boolean;
  readonly heading: RunHeading | null;
}
