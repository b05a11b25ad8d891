import type { BackupManifest } from '../postgres/backup-manifest.ts';
import { blockBytes, incrementalTarget } from '../postgres/incremental-file.ts';

/** What becomes of a file of one backup of the chain. */
export type LinkFile =
  | { readonly kind: 'whole' }
  /** An incremental file: it changes the file that older backups of the chain give. */
  | {
      readonly kind: 'patch';
      /** Of what the full file has, its whole blocks; null when an older incremental file has been there already. */
      readonly keepBytes: number | null;
      /** Of the newest backup. */
      readonly isLast: boolean;
    };

/** A file that a backup should have, whole or incremental, and does not. */
export interface MissingFile {
  readonly path: string;
  /** Index of the backup in the chain. */
  readonly link: number;
}

/**
 * Follows every incremental file of the newest backup back to a whole one (pg_combinebackup's reconstruct.c,
 * `reconstruct_from_incremental_file`), which says of every file of every backup what becomes of it. Files that the
 * newest backup does not have come from nowhere. Takes one manifest after the other, because all those of a long chain
 * may be too much to have in memory.
 */
export class Combination {
  readonly #newest: number;
  /** Where each file that the newest backup has incremental is whole. */
  readonly #whole = new Map<string, { readonly link: number; readonly sizeBytes: number }>();
  /** Not found whole yet. */
  readonly #open = new Set<string>();
  readonly #missing: MissingFile[] = [];
  readonly #tablespaceBytes: Record<string, number> = {};
  #link: number;
  #estimatedBytes = 0;

  /** `count`: of the backups of the chain, with the newest, whose manifest this is. */
  constructor(newest: BackupManifest, count: number) {
    this.#newest = count - 1;
    this.#link = count - 1;
    for (const { path, sizeBytes } of newest.files) {
      this.#count(path, sizeBytes);
      const whole = incrementalTarget(path);
      if (whole !== null) this.#open.add(whole);
    }
  }

  /** The next older backup. Returns the paths of its files that are needed. */
  addOlder({ files }: BackupManifest): ReadonlySet<string> {
    this.#link -= 1;
    const incremental = new Set<string>();
    const needed = new Set<string>();
    for (const { path, sizeBytes } of files) {
      const target = incrementalTarget(path);
      if (!this.#open.has(target ?? path)) continue;
      this.#count(path, sizeBytes);
      needed.add(path);
      if (target !== null) {
        incremental.add(target);
      } else {
        this.#whole.set(path, { link: this.#link, sizeBytes });
        this.#open.delete(path);
      }
    }
    // The oldest one is full: what it has incremental leads nowhere.
    const link = this.#link;
    for (const path of this.#open) {
      if (link > 0 && incremental.has(path)) continue;
      this.#missing.push({ path, link });
      this.#open.delete(path);
    }
    return needed;
  }

  get missing(): readonly MissingFile[] {
    return this.#missing;
  }

  /** At least as much as the files have at any moment, but for zeros that no WAL tells of. @unit bytes */
  get estimatedBytes(): number {
    return this.#estimatedBytes;
  }

  /** What of it each tablespace has, by OID. @unit bytes */
  get tablespaceBytes(): Readonly<Record<string, number>> {
    return this.#tablespaceBytes;
  }

  /**
   * Which files of the backup with this index and manifest are used, by path in that manifest; once all were added.
   * Of the newest one only its incremental files: it gives everything else whole.
   */
  filesOf(link: number, { files }: BackupManifest): ReadonlyMap<string, LinkFile> {
    const used = new Map<string, LinkFile>();
    for (const { path } of files) {
      const target = incrementalTarget(path);
      const whole = this.#whole.get(target ?? path);
      if (target === null) {
        if (whole?.link === link) used.set(path, { kind: 'whole' });
      } else if (whole !== undefined && whole.link < link) {
        const isFirst = whole.link === link - 1;
        const keepBytes = isFirst ? whole.sizeBytes - (whole.sizeBytes % blockBytes) : null;
        used.set(path, { kind: 'patch', keepBytes, isLast: link === this.#newest });
      }
    }
    return used;
  }

  #count(path: string, bytes: number): void {
    this.#estimatedBytes += bytes;
    const oid = tablespaceOf(path);
    if (oid !== null) this.#tablespaceBytes[oid] = (this.#tablespaceBytes[oid] ?? 0) + bytes;
  }
}

/** OID of the tablespace in which a file of the manifest lies; null for the data directory. */
export const tablespaceOf = (path: string): string | null => /^pg_tblspc\/(\d+)\//.exec(path)?.[1] ?? null;
