/**
 * Actions that go on after their caller was told that all is well: at most `limit` at a time, begun in their
 * order. The first error stays; what has not begun by then never begins.
 */
export class WriteBehind {
  readonly #limit: number;
  readonly #queue: (() => void)[] = [];
  readonly #unsettled = new Set<Promise<void>>();
  #running = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when the action ended, was skipped or failed; the error comes from `throwFailure`. */
  add(action: () => Promise<void>): Promise<void> {
    return this.follow(this.#inTurn(action));
  }

  /** Something that is under way already and waits for others, so that it needs no turn of its own. */
  follow(action: Promise<void>): Promise<void> {
    const settled = action
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#unsettled.delete(settled));
    this.#unsettled.add(settled);
    return settled;
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Nothing is in flight when it resolves, whether it went well or not. */
  async settle(): Promise<void> {
    while (this.#unsettled.size > 0) await Promise.all(this.#unsettled);
  }

  async #inTurn(action: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running += 1;
    try {
      if (this.#failure === null) await action();
    } catch (error) {
      // Before the next one gets its turn.
      this.fail(error);
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
