/**
 * How many ranges may be on their way at a time. Grows while the consumer waits for bytes: by one with each range
 * that arrived (which doubles it in each round) until the store throttles, then by one in each round. A throttling
 * answer halves it. Knows no time, so that the same events give the same numbers.
 */
export class AdaptiveWindow {
  readonly #max: number;
  #limit: number;
  #generation = 0;
  #hasThrottled = false;
  #hasStarved = false;
  /** Ranges that arrived towards the next one more, after throttling. */
  #credit = 0;

  constructor({ start = 2, max }: { start?: number; max: number }) {
    this.#max = Math.max(1, Math.floor(max));
    this.#limit = Math.min(start, this.#max);
  }

  get limit(): number {
    return this.#limit;
  }

  /** To be given to `arrived` and `throttled` by what begins now. */
  get generation(): number {
    return this.#generation;
  }

  /** The consumer wants bytes and has none. */
  starved(): void {
    this.#hasStarved = true;
  }

  /** A range arrived. One that began before the last halving says nothing about what the store bears now. */
  arrived(generation: number): void {
    if (!this.#hasStarved || generation < this.#generation) return;
    this.#hasStarved = false;
    this.#credit++;
    if (this.#hasThrottled && this.#credit < this.#limit) return;
    this.#credit = 0;
    this.#limit = Math.min(this.#limit + 1, this.#max);
  }

  /** The store refused a request of that generation. Those that began before the last halving count no more. */
  throttled(generation: number): void {
    if (generation < this.#generation) return;
    this.#generation++;
    this.#hasThrottled = true;
    this.#credit = 0;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }
}
