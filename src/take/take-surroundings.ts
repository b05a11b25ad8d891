import type { SourceCredentials } from '../storage/credentials.ts';
import type { TakeEvent } from './take-events.ts';

export interface TakeSurroundings {
  readonly credentials: SourceCredentials | null;
  readonly odoVersion: string;
  /** Cores that compress. */
  readonly threads: number;
  readonly now: () => Date;
  readonly onEvent: (event: TakeEvent) => void;
  readonly signal: AbortSignal;
}
