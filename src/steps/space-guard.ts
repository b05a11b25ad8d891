import { OdoError } from '../errors/odo-error.ts';
import type { Tree } from '../target/tree.ts';
import type { RestorePlan } from './restore-plan.ts';
import { formatBytes } from './units.ts';

/**
 * Growth during a backup, files that no tool counts, and what an estimate is off by: below it nothing is asked. Beyond
 * it a restore goes on too, as long as there is space.
 */
const plannedTimes = 1.25;
const plannedMoreBytes = 256 * 1024 ** 2;

/** Asking costs a system call, or a command in a container. */
const askEveryBytes = 16 * 1024 ** 2;

export interface SpaceGuardOptions {
  /** For people. */
  readonly description: string;
  /** What the restore was planned to write. @unit bytes */
  readonly plannedBytes: number;
  /** What shall be left free. @unit bytes */
  readonly reserveBytes: number;
  readonly freeBytes: () => Promise<number>;
}

/**
 * Keeps archives that hold far more than was planned from filling the disk: a preliminary check can only go by the
 * backup's own figure. One for all archives of a run; after a resume it begins to count anew.
 */
export class SpaceGuard {
  readonly #options: SpaceGuardOptions;
  /** Of all entries so far. */
  #declaredBytes = 0;
  /** Of those that are being written. */
  #openBytes = 0;
  #askAtBytes: number;

  constructor(options: SpaceGuardOptions) {
    this.#options = options;
    this.#askAtBytes = options.plannedBytes * plannedTimes + plannedMoreBytes;
  }

  /** Called before an entry is written; what it returns, when it is. Throws NOT_ENOUGH_SPACE. */
  async admit(sizeBytes: number): Promise<() => void> {
    this.#declaredBytes += sizeBytes;
    this.#openBytes += sizeBytes;
    if (this.#declaredBytes > this.#askAtBytes) await this.#ask();
    return () => {
      this.#openBytes -= sizeBytes;
    };
  }

  async #ask(): Promise<void> {
    const { description, freeBytes, plannedBytes, reserveBytes } = this.#options;
    const free = await freeBytes();
    const left = free - reserveBytes - this.#openBytes;
    if (left < 0) {
      throw new OdoError(
        'NOT_ENOUGH_SPACE',
        `The archives hold ${formatBytes(this.#declaredBytes)} so far, and the backup said that they hold about ${formatBytes(plannedBytes)}; ${formatBytes(free)} are left for ${description}, and ${formatBytes(reserveBytes)} are kept free.`,
        {
          hint: 'Find out why the backup is so much larger than it says. If that is right, free space there and resume the run.',
          details: { declaredBytes: this.#declaredBytes, plannedBytes, freeBytes: free, reserveBytes },
        },
      );
    }
    this.#askAtBytes = this.#declaredBytes + Math.max(askEveryBytes, left / 8);
  }
}

export function spaceGuardOf(
  { contents, space, targetDescription }: RestorePlan,
  tree: Pick<Tree, 'freeBytes'>,
): (sizeBytes: number) => ReturnType<SpaceGuard['admit']> {
  const guard = new SpaceGuard({
    description: targetDescription,
    plannedBytes: contents.dataBytes,
    reserveBytes: space.reserveBytes,
    freeBytes: () => tree.freeBytes(),
  });
  return (sizeBytes) => guard.admit(sizeBytes);
}
