/** More paths than this are not remembered: up to 24 bytes of memory each. */
const maxPaths = 2_000_000;

/**
 * Which paths an archive has had, to know whether one comes twice: then the later wins, and stretches of the archive
 * cannot be restored side by side. Keeps 53-bit hashes; two paths with one hash pass for one that comes twice, which
 * costs speed and nothing else.
 */
export class PathSet {
  readonly #hashes = new HashSet();
  #added: number[] = [];
  #allDistinct = true;

  /** False when a path came twice, or when there were too many to tell. */
  get allDistinct(): boolean {
    return this.#allDistinct;
  }

  add(path: string): void {
    if (!this.#allDistinct) return;
    const hash = hashOf(path);
    if (this.#hashes.size >= maxPaths || !this.#hashes.add(hash)) {
      this.#allDistinct = false;
      this.#hashes.clear();
      this.#added = [];
      return;
    }
    this.#added.push(hash);
  }

  /** What was added since the last call; for `restore`. */
  takeAdded(): number[] {
    const added = this.#added;
    this.#added = [];
    return added;
  }

  restore(hashes: readonly number[], allDistinct: boolean): void {
    this.#allDistinct = allDistinct;
    if (allDistinct) for (const hash of hashes) this.#hashes.add(hash);
  }
}

const leastSlots = 1024;

/** Numbers other than 0, in a table that is at most two thirds full: a Set of so many takes several times the memory. */
class HashSet {
  #slots = new Float64Array(leastSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when it is there already. */
  add(hash: number): boolean {
    if (this.#size * 3 >= this.#slots.length * 2) this.#grow();
    const slot = slotOf(this.#slots, hash);
    if (this.#slots[slot] === hash) return false;
    this.#slots[slot] = hash;
    this.#size += 1;
    return true;
  }

  clear(): void {
    this.#slots = new Float64Array(leastSlots);
    this.#size = 0;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const hash of this.#slots) if (hash !== 0) larger[slotOf(larger, hash)] = hash;
    this.#slots = larger;
  }
}

/** Where it is, or belongs; the number of slots is a power of two. */
function slotOf(slots: Float64Array, hash: number): number {
  const mask = slots.length - 1;
  let slot = hash & mask;
  for (let at = slots[slot]; at !== 0 && at !== hash; at = slots[slot]) slot = (slot + 1) & mask;
  return slot;
}

/** Two 32-bit FNV-1a sums with different primes, 53 bits of them. */
function hashOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
  }
  high ^= high >>> 15;
  // 0 stands for nothing.
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0) || 1;
}
