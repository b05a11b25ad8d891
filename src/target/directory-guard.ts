import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { atPath, linkRefused, systemCode } from './fs-errors.ts';

/**
 * Knows which directories below a root are real ones, so that nothing is written through a symbolic link.
 * Each directory is looked at once. Known weakness: a link that someone else puts in the place of a directory
 * between that look and the write is not seen; `forget` covers the replacements odo makes itself.
 */
export class DirectoryGuard {
  readonly #root: string;
  readonly #onVerified: (directory: string) => void;
  readonly #verified = new Set<string>();
  readonly #devices = new Set<number>();

  /** `onVerified` is told the absolute parent of every directory at its first use: its name must get on disk too. */
  constructor(root: string, onVerified: (parent: string) => void = () => {}) {
    this.#root = root;
    this.#onVerified = onVerified;
  }

  /** Absolute path of the directory; created (0700) with its parents when missing. */
  async enter(parts: readonly string[]): Promise<string> {
    const path = await this.find(parts, 'create');
    if (path === null) throw new OdoError('BUG', `The directory ${parts.join('/')} was not created.`);
    return path;
  }

  /** Absolute path, or null when it is absent (and not to be created). */
  async find(parts: readonly string[], absent: 'create' | 'leave'): Promise<string | null> {
    const path = join(this.#root, ...parts);
    if (this.#verified.has(path)) return path;
    if (parts.length === 0) return (await this.#verifyRoot(absent)) ? path : null;
    const parent = await this.find(parts.slice(0, -1), absent);
    if (parent === null) return null;
    if (!(await this.#verify(path, absent))) return null;
    this.#verified.add(path);
    this.#onVerified(parent);
    return path;
  }

  /** Absolute path of a directory that was looked at already; null says nothing. */
  known(parts: readonly string[]): string | null {
    const path = join(this.#root, ...parts);
    return this.knows(path) ? path : null;
  }

  /** Whether `path`, an absolute one, is a directory that was looked at already. */
  knows(path: string): boolean {
    return this.#verified.has(path);
  }

  /** Whether every directory that was looked at is on that device (st_dev): none is a mount point of another. */
  isOnlyOn(device: number): boolean {
    return this.#devices.size === 1 && this.#devices.has(device);
  }

  /**
   * After an entry was replaced: what was known about it and everything below it is void. False when nothing was:
   * a directory is known before anything in it is.
   */
  forget(path: string): boolean {
    if (!this.#verified.has(path)) return false;
    const below = `${path}/`;
    for (const known of this.#verified) {
      if (known === path || known.startsWith(below)) this.#verified.delete(known);
    }
    return true;
  }

  async #verifyRoot(absent: 'create' | 'leave'): Promise<boolean> {
    const kind = await this.#kindOf(this.#root);
    if (kind === 'absent' && absent === 'leave') return false;
    if (kind === 'absent') {
      throw new OdoError('TARGET_NOT_FOUND', `The directory ${this.#root} does not exist.`, {
        details: { path: this.#root },
      });
    }
    requireDirectory(kind, this.#root);
    this.#verified.add(this.#root);
    return true;
  }

  async #verify(path: string, absent: 'create' | 'leave'): Promise<boolean> {
    let kind = await this.#kindOf(path);
    if (kind === 'absent') {
      if (absent === 'leave') return false;
      await atPath(path, () => makeDirectoryUnlessThere(path));
      kind = await this.#kindOf(path); // another writer may have been first, with anything
    }
    requireDirectory(kind, path);
    return true;
  }

  async #kindOf(path: string): Promise<Kind> {
    const stats = await atPath(path, () =>
      fs.lstat(path).catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return null;
        throw error;
      }),
    );
    if (stats === null) return 'absent';
    if (stats.isSymbolicLink()) return 'link';
    if (!stats.isDirectory()) return 'other';
    this.#devices.add(stats.dev);
    return 'directory';
  }
}

type Kind = 'absent' | 'directory' | 'link' | 'other';

function requireDirectory(kind: Kind, path: string): void {
  if (kind === 'directory') return;
  if (kind === 'link') throw linkRefused(path);
  throw new OdoError('ENTRY_REFUSED', `${path} stands where a directory is needed.`, { details: { path } });
}

async function makeDirectoryUnlessThere(path: string): Promise<void> {
  try {
    await fs.mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
