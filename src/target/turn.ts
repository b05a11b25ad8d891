import { setImmediate } from 'node:timers/promises';

/** How long synchronous calls may follow each other before other work of this thread gets its turn. */
const turnMs = 10;

/** Keeps a long row of synchronous calls from holding up timers and sockets. */
export class Turn {
  #began = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#began > turnMs;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}
