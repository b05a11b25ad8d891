import { setTimeout as delay } from 'node:timers/promises';
import type { ServerLogEvent } from '../postgres/log-line.ts';
import { formatLsn, parseLsn } from '../postgres/lsn.ts';
import { defaultSegmentBytes, parseSegmentName, segmentStart } from '../postgres/wal-segment.ts';
import type { ServerProcess } from '../service/server-launcher.ts';
import { recoveryOf } from './planned-recovery.ts';
import type { RecoveryObserver } from './recovery-server.ts';
import { replayEnd } from './replay-end.ts';
import type { StepContext } from './step.ts';

const askEveryMs = 1000;

/** How far a source of positions can be trusted: one that is worse says nothing once a better one has spoken. */
const trust = {
  /** Segments are asked for ahead of replay (`recovery_prefetch`, 15 and later). */
  restored: 1,
  /** What the reader has open: ahead by no more than its buffer. */
  title: 2,
  /** The record that is replayed: from 15 on, every second, and never by a standby. */
  exact: 3,
} as const;

/**
 * Where replay is, from the server's log and the title of its startup process, in bytes of WAL since this server began:
 * a server that goes on where another one was stopped has the rest to do.
 */
export class ReplayProgress implements RecoveryObserver {
  readonly #context: Pick<StepContext, 'plan' | 'progress'>;
  #end: ReturnType<typeof replayEnd>;
  readonly #times: readonly (readonly [lsn: bigint, time: string])[];
  readonly #segmentBytes: number;
  readonly #closed = new AbortController();
  readonly #failure = Promise.withResolvers<never>();
  /** Where the replay is could not be told: the journal is gone. */
  readonly failed = this.#failure.promise;
  #asking: Promise<void> = Promise.resolve();
  #from: bigint | null = null;
  #position = 0n;
  #segment: string | null = null;
  #trusted = 0;

  constructor(context: Pick<StepContext, 'plan' | 'progress'>, aim: 'consistency' | 'target') {
    const plan = context.plan();
    this.#context = context;
    this.#end = replayEnd(plan, aim);
    this.#times = (recoveryOf(plan).proof?.times ?? []).map(([lsn, time]) => [parseLsn(lsn), time]);
    this.#segmentBytes = plan.contents.wal?.segmentBytes ?? defaultSegmentBytes;
  }

  onServer(server: ServerProcess): void {
    this.#asking = this.#keepAsking(server).catch(this.#failure.reject);
  }

  onLine(_line: string, event: ServerLogEvent | null): void {
    switch (event?.kind) {
      case 'redo-started':
        this.#from = parseLsn(event.lsn);
        this.#position = this.#from;
        return this.#tell();
      case 'redo-progress':
        return this.#moveTo(parseLsn(event.lsn), trust.exact);
      case 'segment-restored':
        return this.#moveToSegment(event.name, trust.restored);
      case 'redo-done':
        // The end, wherever it was expected; what is left to do is a checkpoint.
        this.#end = { lsn: parseLsn(event.lsn), time: this.#end?.time ?? null };
        return this.#moveTo(this.#end.lsn, trust.exact);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#asking;
  }

  async #keepAsking(server: ServerProcess): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const segment = await server.replayedSegment().catch(() => null);
      if (segment !== null && !signal.aborted) this.#moveToSegment(segment, trust.title);
      await delay(askEveryMs, undefined, { signal }).catch(() => {});
    }
  }

  #moveToSegment(name: string, how: number): void {
    const segment = parseSegmentName(name, this.#segmentBytes);
    if (segment === null) return;
    this.#segment = name;
    this.#moveTo(segmentStart(segment.number, this.#segmentBytes), how);
  }

  #moveTo(position: bigint, how: number): void {
    if (this.#from === null || how < this.#trusted) return;
    // A better source may take back what a worse one claimed.
    if (how > this.#trusted || position > this.#position) this.#position = position;
    if (this.#position < this.#from) this.#position = this.#from;
    this.#trusted = how;
    this.#tell();
  }

  #tell(): void {
    if (this.#from === null) return;
    const end = this.#end !== null && this.#end.lsn >= this.#from ? this.#end : null;
    const total = end === null ? null : Number(end.lsn - this.#from);
    // The segment that is asked for ahead may begin behind the end.
    const position = end !== null && this.#position > end.lsn ? end.lsn : this.#position;
    const done = Number(position - this.#from);
    this.#context.progress({
      unit: 'wal-bytes',
      done,
      total,
      item: this.#segment,
      lsn: formatLsn(position),
      targetLsn: end === null ? null : formatLsn(end.lsn),
      commitTime: this.#times.findLast(([lsn]) => lsn < position)?.[1] ?? null,
      targetTime: end?.time ?? null,
      percent: total === null ? null : total === 0 ? 100 : Math.floor((done * 1000) / total) / 10,
    });
  }
}
