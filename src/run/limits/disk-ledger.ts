import type { RestorePlan } from '../../steps/restore-plan.ts';

/** Of a plan, what says how much room it needs. */
export type PlannedRoom = Pick<RestorePlan, 'space' | 'spaceElsewhere'>;

/**
 * What the runs of this process will still write, which no look at the disk shows. Where they restore is taken for
 * one file system: volumes that are not there yet cannot be told apart, and too careful only means one after another.
 */
export class DiskLedger {
  readonly #claims = new Map<string, { readonly neededBytes: number; written: number }>();

  get isEmpty(): boolean {
    return this.#claims.size === 0;
  }

  /** Whether a run can be added: everything it needs is free beside what the others still need. */
  hasRoomFor(room: PlannedRoom): boolean {
    const promised = this.#stillNeededBytes();
    return spacesOf(room).every(
      ({ freeBytes, reclaimableBytes, neededBytes, reserveBytes }) =>
        freeBytes + reclaimableBytes - promised >= neededBytes + reserveBytes,
    );
  }

  /** Null: how much it needs is not known. */
  add(name: string, room: PlannedRoom | null): void {
    const spaces = room === null ? [] : spacesOf(room);
    this.#claims.set(name, { neededBytes: sum(spaces.map((one) => one.neededBytes)), written: 0 });
  }

  /** `fraction` of its base backup is on the disk. */
  progress(name: string, fraction: number): void {
    const claim = this.#claims.get(name);
    if (claim !== undefined) claim.written = Math.min(1, Math.max(claim.written, fraction));
  }

  remove(name: string): void {
    this.#claims.delete(name);
  }

  #stillNeededBytes(): number {
    return sum([...this.#claims.values()].map(({ neededBytes, written }) => neededBytes * (1 - written)));
  }
}

const spacesOf = ({ space, spaceElsewhere = [] }: PlannedRoom) => [space, ...spaceElsewhere];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
