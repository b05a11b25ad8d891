/** Rate and time left from what was done in the last seconds. */
export class ProgressMeter {
  readonly #windowMs: number;
  #samples: { atMs: number; done: number }[] = [];

  constructor(windowMs = 10_000) {
    this.#windowMs = windowMs;
  }

  measure(atMs: number, done: number, total: number | null): { rate: number | null; etaMs: number | null } {
    this.#samples.push({ atMs, done });
    while (this.#samples.length > 2 && (this.#samples[0]?.atMs ?? 0) < atMs - this.#windowMs)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || atMs - first.atMs < 500) return { rate: null, etaMs: null };
    const rate = ((done - first.done) * 1000) / (atMs - first.atMs);
    if (rate <= 0) return { rate: 0, etaMs: null };
    return { rate, etaMs: total === null ? null : Math.max(0, ((total - done) * 1000) / rate) };
  }
}
