import type { BackupManifest, ManifestFile } from '../postgres/backup-manifest.ts';
import { blockBytes, incrementalPath, incrementalTarget } from '../postgres/incremental-file.ts';

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

/** Which files of which backup make the combined one. */
export interface Combination {
  /**
   * As the backups: oldest first, by path in the backup's own manifest. Of the newest backup only its incremental files:
   * it gives everything else whole. What an older one has besides is not needed.
   */
  readonly links: readonly ReadonlyMap<string, LinkFile>[];
  /** At least as much as the files have at any moment, but for zeros that no WAL tells of. @unit bytes */
  readonly estimatedBytes: number;
  /** What of it each tablespace has, by OID. @unit bytes */
  readonly tablespaceBytes: Readonly<Record<string, number>>;
  /** Files that the backup with this index should have, whole or incremental, and does not. */
  readonly missing: readonly { readonly path: string; readonly link: number }[];
}

/**
 * Follows every incremental file of the newest backup back to a whole one (pg_combinebackup's reconstruct.c,
 * `reconstruct_from_incremental_file`). Files that the newest backup does not have come from nowhere.
 * @param manifests oldest first; of a full backup and of one or more incremental ones
 */
export function planCombination(manifests: readonly BackupManifest[]): Combination {
  const files = manifests.map(
    (manifest) => new Map(manifest.files.map((file): [string, ManifestFile] => [file.path, file])),
  );
  const links = manifests.map(() => new Map<string, LinkFile>());
  const missing: { path: string; link: number }[] = [];
  const newest = manifests.length - 1;
  let estimatedBytes = 0;
  const tablespaceBytes: Record<string, number> = {};
  const count = (path: string, bytes: number) => {
    estimatedBytes += bytes;
    const oid = tablespaceOf(path);
    if (oid !== null) tablespaceBytes[oid] = (tablespaceBytes[oid] ?? 0) + bytes;
  };
  for (const { path, sizeBytes } of manifests[newest]?.files ?? []) {
    count(path, sizeBytes);
    const whole = incrementalTarget(path);
    if (whole === null) continue;
    const patches = [newest];
    let link = newest - 1;
    while (link > 0 && !files[link]?.has(whole) && files[link]?.has(path)) patches.unshift(link--);
    const full = files[link]?.get(whole);
    if (full === undefined) {
      missing.push({ path: whole, link: Math.max(link, 0) });
      continue;
    }
    links[link]?.set(whole, { kind: 'whole' });
    count(path, full.sizeBytes);
    for (const [index, patch] of patches.entries()) {
      const keepBytes = index === 0 ? full.sizeBytes - (full.sizeBytes % blockBytes) : null;
      links[patch]?.set(incrementalPath(whole), { kind: 'patch', keepBytes, isLast: patch === newest });
      if (patch !== newest) count(path, files[patch]?.get(path)?.sizeBytes ?? 0);
    }
  }
  return { links, estimatedBytes, tablespaceBytes, missing };
}

/** OID of the tablespace in which a file of the manifest lies; null for the data directory. */
export const tablespaceOf = (path: string): string | null => /^pg_tblspc\/(\d+)\//.exec(path)?.[1] ?? null;
