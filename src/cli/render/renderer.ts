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

/** What is known of a resumed run before its first event. */
export interface RunHeading {
  readonly backup: string | null;
  readonly target: string;
}

export interface RenderOptions {
  /** Server log lines too, and stacks of bugs. */
  readonly verbose: boolean;
  readonly heading: RunHeading | null;
}
