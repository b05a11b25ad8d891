/** More paths than this are not remembered: about 40 bytes of memory each. */
const maxPaths = 2_000_000;

/**
 * Which paths an archive has had, to know whether one comes twice: then the later wins, and stretches of the archive
 * cannot be restored side by side. Keeps 53-bit hashes; two paths with one hash pass for one that comes twice, which
 * costs speed and nothing else.
 */
export class PathSet {
  readonly #hashes = new Set<number>();
  #added: number[] = [];
  #allDistinct = true;

  /** False when a path came twice, or when there were too many to tell. */
  get allDistinct(): boolean {
    return this.#allDistinct;
  }

  add(path: string): void {
    if (!this.#allDistinct) return;
    const hash = hashOf(path);
    if (this.#hashes.has(hash) || this.#hashes.size >= maxPaths) {
      this.#allDistinct = false;
      this.#hashes.clear();
      this.#added = [];
      return;
    }
    this.#hashes.add(hash);
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
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
