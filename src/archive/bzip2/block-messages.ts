import type { BlockOutcome } from './block-decoder.ts';

/** What a thread is started with. */
export interface BlockThreadData {
  /** Pieces of output that may wait to be taken. */
  readonly slots: number;
  /** @unit bytes */
  readonly slotBytes: number;
}

export type ToBlockThread =
  /** Decode the block that was put into the thread's memory. */
  | { readonly type: 'decode'; readonly length: number; readonly bit: number }
  /** A piece of output is no longer looked at. */
  | { readonly type: 'release'; readonly slot: number };

export type FromBlockThread =
  /** The first message: where blocks go and output lies. */
  | { readonly type: 'ready'; readonly memory: WebAssembly.Memory; readonly inputAt: number }
  | { readonly type: 'outcome'; readonly outcome: BlockOutcome }
  | {
      readonly type: 'output';
      readonly slot: number;
      readonly at: number;
      readonly length: number;
      readonly isLast: boolean;
    }
  | { readonly type: 'fault'; readonly fault: string };
