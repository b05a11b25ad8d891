import type { WalObject } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ServerLogEvent } from '../postgres/log-line.ts';
import { isWalSegmentName } from '../postgres/wal-segment.ts';
import { wantedIn } from './restore-command.ts';
import type { StorePatience } from './store-patience.ts';
import type { WalSpool } from './wal-spool.ts';

export interface FeederOptions {
  /** Segments and history files in the order in which recovery reads them. */
  readonly objects: readonly WalObject[];
  readonly spool: Pick<WalSpool, 'names' | 'bring' | 'remove' | 'refuse' | 'close'>;
  readonly patience: Pick<StorePatience, 'run'>;
  /** Most segments in the spool and on their way there. At least 1. */
  readonly slots: number;
  /** Fetches at the same time. */
  readonly jobs: number;
  /** Segments that are fetched one after the other and handed over together. */
  readonly batch: number;
  readonly signal: AbortSignal;
  /** `files`: how many the spool has by then. */
  readonly onBrought?: (name: string, bytes: number, files: number) => void;
}

/**
 * Keeps a window of the WAL in the spool: the segment that replay has reached, and those ahead of it. History files
 * stay there for ever. What the server asks for comes first, wherever it lies.
 *
 * Where replay stands is told by the server's log: by what its command wants and by what it has restored. Until the
 * first such line nothing is known (a recovery begins at the backup's first segment, at its last restartpoint or
 * where an earlier server had stopped), and nothing is fetched or removed.
 */
export class WalFeeder {
  /** Rejects when the server waits for something that cannot be had. */
  readonly failed: Promise<never>;
  readonly #options: FeederOptions;
  readonly #segments: readonly WalObject[];
  readonly #histories: readonly WalObject[];
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #fail: (error: unknown) => void;
  readonly #present = new Set<string>();
  /** Being removed. */
  readonly #leaving = new Set<string>();
  readonly #fetches = new Map<string, AbortController>();
  readonly #unobtainable = new Map<string, unknown>();
  /** One of a batch failed: each is fetched alone, to see which. */
  readonly #alone = new Set<string>();
  readonly #work = new Set<Promise<void>>();
  #running = 0;
  /** Of the first segment that was not restored yet. */
  #position: number | null = null;
  #wanted: string | null = null;
  #whenFull: (() => void) | null = null;

  private constructor(options: FeederOptions, present: readonly string[]) {
    this.#options = options;
    this.#segments = options.objects.filter(({ name }) => isWalSegmentName(name));
    this.#histories = options.objects.filter(({ name }) => !isWalSegmentName(name));
    this.#indexOf = new Map(this.#segments.map(({ name }, index) => [name, index]));
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    for (const name of present) this.#present.add(name);
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {}); // nobody may wait for it any more
    this.failed = failed.promise;
    this.#fail = failed.reject;
  }

  static async open(options: FeederOptions): Promise<WalFeeder> {
    return new WalFeeder(options, await options.spool.names());
  }

  /**
   * Brings as much as the spool takes, from the first segment on, and returns how many files are in it.
   * @throws what stands in the way
   */
  async fill(): Promise<number> {
    this.#options.signal.throwIfAborted();
    this.#position = 0;
    const full = Promise.withResolvers<void>();
    this.#whenFull = full.resolve;
    // Nothing else is heard of a feeder that was interrupted.
    this.#signal.addEventListener('abort', () => full.resolve(), { once: true });
    this.#pump();
    await Promise.race([full.promise, this.failed]);
    this.#options.signal.throwIfAborted();
    return this.#present.size;
  }

  onLine(line: string, event: ServerLogEvent | null): void {
    const wanted = wantedIn(line);
    if (wanted !== null) this.#track(this.#onWanted(wanted));
    if (event?.kind === 'segment-restored') this.#onRestored(event.name);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.#options.spool.close();
  }

  async #onWanted(name: string): Promise<void> {
    this.#wanted = name;
    const index = this.#indexOf.get(name);
    if (index !== undefined) this.#moveTo(index);
    // The command asks for what it does not see; someone else may have removed it.
    if (this.#present.has(name) && !(await this.#options.spool.names()).includes(name))
      this.#present.delete(name);
    this.#unobtainable.delete(name);
    this.#pump();
  }

  #onRestored(name: string): void {
    if (this.#wanted === name) this.#wanted = null;
    const index = this.#indexOf.get(name);
    if (index === undefined) return;
    this.#moveTo(index + 1);
    this.#pump();
  }

  #moveTo(index: number): void {
    this.#position = index;
    for (const [name, fetch] of this.#fetches) {
      if (this.#isOutside(name)) fetch.abort();
    }
  }

  /** The last one that was restored stays as long as there is room: recovery ends by reading it again. */
  get #window(): { from: number; to: number } {
    const { slots } = this.#options;
    const position = this.#position ?? 0;
    const from = slots > 1 ? Math.max(0, position - 1) : position;
    return { from, to: Math.min(from + slots, this.#segments.length) };
  }

  #isOutside(name: string): boolean {
    const index = this.#indexOf.get(name);
    const { from, to } = this.#window;
    return index !== undefined && (index < from || index >= to);
  }

  #pump(): void {
    if (this.#signal.aborted || (this.#position === null && this.#wanted === null)) return;
    this.#sweep();
    while (this.#running < this.#options.jobs) {
      const next = this.#next();
      if (next.length === 0) break;
      this.#fetch(next);
    }
    if (this.#running === 0 && this.#leaving.size === 0) this.#whenFull?.();
  }

  /** Removes what is behind replay, or too far ahead after it went back. */
  #sweep(): void {
    if (this.#position === null) return;
    const outside = [...this.#present].filter((name) => this.#isOutside(name));
    if (outside.length === 0) return;
    for (const name of outside) {
      this.#present.delete(name);
      this.#leaving.add(name);
    }
    const { spool, patience } = this.#options;
    const removal = patience
      .run('The spool of WAL', this.#signal, () => spool.remove(outside))
      .then(() => {
        for (const name of outside) this.#leaving.delete(name);
        this.#pump();
      });
    this.#track(removal);
  }

  #next(): readonly WalObject[] {
    const { slots, batch } = this.#options;
    const wanted = this.#missing().find(({ name }) => name === this.#wanted);
    let room = slots - this.#held();
    if (wanted !== undefined) {
      if (!isWalSegmentName(wanted.name)) return [wanted];
      return room > 0 ? [wanted] : [];
    }
    if (this.#position === null) return [];
    const history = this.#histories.find((object) => this.#isMissing(object));
    if (history !== undefined) return [history];
    const { from, to } = this.#window;
    const next: WalObject[] = [];
    for (const object of this.#segments.slice(Math.max(from, this.#position), to)) {
      // Nothing behind it can be used before it.
      if (this.#unobtainable.has(object.name) || room === 0) break;
      if (!this.#isMissing(object)) {
        if (next.length > 0) break;
        continue;
      }
      const isAlone = this.#alone.has(object.name);
      if (isAlone && next.length > 0) break;
      next.push(object);
      room -= 1;
      if (isAlone || next.length >= batch) break;
    }
    return next;
  }

  /** What the server waits for, when it has to be fetched. */
  #missing(): readonly WalObject[] {
    if (this.#wanted === null) return [];
    const index = this.#indexOf.get(this.#wanted);
    const object =
      index === undefined ? this.#histories.find(({ name }) => name === this.#wanted) : this.#segments[index];
    return object !== undefined && this.#isMissing(object) ? [object] : [];
  }

  #isMissing({ name }: WalObject): boolean {
    return (
      !this.#present.has(name) &&
      !this.#leaving.has(name) &&
      !this.#fetches.has(name) &&
      !this.#unobtainable.has(name)
    );
  }

  /** Segments that take room in the spool, now or soon. */
  #held(): number {
    let held = 0;
    for (const names of [this.#present.values(), this.#leaving.values(), this.#fetches.keys()]) {
      for (const name of names) if (this.#indexOf.has(name)) held += 1;
    }
    return held;
  }

  #fetch(objects: readonly WalObject[]): void {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    for (const { name } of objects) this.#fetches.set(name, stop);
    this.#running += 1;
    this.#track(
      this.#bring(objects, signal).finally(() => {
        for (const { name } of objects) this.#fetches.delete(name);
        this.#running -= 1;
        this.#pump();
      }),
    );
  }

  async #bring(objects: readonly WalObject[], signal: AbortSignal): Promise<void> {
    const { spool, patience, onBrought } = this.#options;
    const what = `WAL ${objects.map(({ name }) => name).join(', ')}`;
    try {
      const bytes = await patience.run(what, signal, () => spool.bring(objects, signal));
      for (const { name } of objects) this.#present.add(name);
      onBrought?.(objects.at(-1)?.name ?? '', bytes, this.#present.size);
    } catch (error) {
      // It is not wanted any more, or everything ends.
      if (signal.aborted) return;
      const [only, ...others] = objects;
      if (only === undefined) return;
      if (others.length > 0) {
        for (const { name } of objects) this.#alone.add(name);
        return;
      }
      this.#unobtainable.set(only.name, error);
      if (this.#whenFull !== null) this.#fail(error);
      else if (only.name === this.#wanted) await this.#refuse(only, error);
    }
  }

  /** The server ends by its command's failure, so that it cannot take this for the end of WAL and promote. */
  async #refuse({ name }: WalObject, error: unknown): Promise<void> {
    const { spool, patience } = this.#options;
    // First: that the server ended would be no more than a consequence.
    this.#fail(cannotBeBrought(name, error));
    await patience.run('The spool of WAL', this.#signal, () => spool.refuse(name));
  }

  /** What fails here stands in the way of everything. */
  #track(work: Promise<void>): void {
    const settled = work
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#fail(error);
      })
      .finally(() => this.#work.delete(settled));
    this.#work.add(settled);
  }
}

/** What a store says of an object that is not the planned one is meant for a base backup, which has to begin anew. */
const isNotAsPlanned = ({ code }: OdoError): boolean =>
  code === 'OBJECT_NOT_FOUND' || code === 'OBJECT_CHANGED';

function cannotBeBrought(name: string, cause: unknown): unknown {
  if (!(cause instanceof OdoError)) return cause;
  const goesOn =
    'Put the object back as it was when this run was planned and resume the run, which goes on where recovery stands. If it was mended instead, or the target shall lie before it, have the WAL planned anew: odo resume RUN --target-…';
  return new OdoError(cause.code, `Recovery needs WAL ${name}, which cannot be had: ${cause.message}`, {
    hint: isNotAsPlanned(cause) || cause.hint === undefined ? goesOn : cause.hint,
    details: { ...cause.details, segment: name },
    cause,
  });
}
