/**
 * Instances that no decoder uses now. An instance's address range is far larger than its memory, so they are used
 * again, not left to the collector.
 */
export class IdleInstances<Instance> {
  readonly #most: number;
  readonly #idle: Instance[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  async take(make: () => Promise<Instance>): Promise<Instance> {
    return this.#idle.pop() ?? (await make());
  }

  /** What gives an instance back when it is called first: later it may be another decoder's. */
  returning(instance: Instance): () => void {
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      if (this.#idle.length < this.#most) this.#idle.push(instance);
    };
  }
}
