import { DecoderThread } from './decoder-thread.ts';

export interface DecoderLimits {
  /** Threads at the same time. */
  readonly threads: number;
  /** Compressed bytes that may wait for one decoder. @unit bytes */
  readonly readAheadBytes: number;
  /** Of one request. @unit bytes */
  readonly rangeBytes: number;
  /** Slices that may wait for the files, of one decoder. */
  readonly outputSlots: number;
  /** Of one slice. @unit bytes */
  readonly slotBytes: number;
}

/** The decoder threads of a run; each is started when first needed and used again. */
export class DecoderPool {
  readonly limits: DecoderLimits;
  readonly #idle: DecoderThread[] = [];
  /** Whoever waits for a thread; who came first gets the next. */
  readonly #waiting = new Set<() => void>();
  #busy = 0;
  #closed = false;
  #lent = 0;

  constructor(limits: DecoderLimits) {
    this.limits = limits;
  }

  /** A thread for one job, at once or when another job gives one back. The signal's reason when it is aborted first. */
  async acquire(signal: AbortSignal): Promise<DecoderThread> {
    signal.throwIfAborted();
    if (this.#busy < this.limits.threads) this.#busy++;
    else await this.#turn(signal);
    return this.#idle.pop() ?? new DecoderThread();
  }

  async release(thread: DecoderThread): Promise<void> {
    thread.detach();
    if (this.#closed || thread.isDead) await thread.terminate();
    else this.#idle.push(thread);
    const [next] = this.#waiting;
    if (next === undefined) this.#busy--;
    else next();
  }

  /**
   * How many threads one decoder may start for its blocks: up to `wanted`, while all of them together stay below twice
   * the pool's own. Ends with `returnBlockThreads`.
   */
  lendBlockThreads(wanted: number): number {
    const lent = Math.max(1, Math.min(wanted, this.limits.threads - this.#lent));
    this.#lent += lent;
    return lent;
  }

  returnBlockThreads(lent: number): void {
    this.#lent -= lent;
  }

  /** Ends idle threads now and busy ones when they are released. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((thread) => thread.terminate()));
  }

  /** Resolves when the place of a job that ended is this one's. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = () => {
        this.#waiting.delete(take);
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.delete(take);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(take);
    });
  }
}
