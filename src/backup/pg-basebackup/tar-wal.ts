import { isReadable } from '../../archive/open-decoder.ts';
import type { BackupLabel } from '../../postgres/backup-label.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { WalPlace } from '../backup-format.ts';
import type { ArchiveObject } from '../base-backup.ts';
import { problem } from '../problem.ts';
import type { WantedEnd } from '../wanted-end.ts';
import { planOuterWal } from './outer-wal.ts';
import { type FoundBackup, needsArchive, noWal, type PlannedWal, planOfSegments } from './segments-plan.ts';
import { endsWithWal, scanWalTar, type WalTar } from './wal-tar.ts';

/** Stored bytes of pg_wal.tar that are looked through: WAL of a quiet server packs a hundredfold. @unit bytes */
const scanBytes = 64 * 1024 * 1024;

interface FoundArchives extends Omit<FoundBackup, 'label'> {
  readonly label: BackupLabel | null;
  readonly archives: readonly ArchiveObject[];
}

/**
 * Where the WAL of a pg_basebackup is: in pg_wal.tar (`-X stream`), in base.tar (`-X fetch`), or nowhere (`-X none`).
 * An archive that the operator named goes first: it reaches further than what is inside.
 */
export async function planTarWal(
  storage: ObjectStorage,
  found: FoundArchives,
  wal: WalPlace | null,
  wanted: WantedEnd,
  signal: AbortSignal,
): Promise<PlannedWal> {
  const { label, manifest, backup, archives } = found;
  const tar = archives.find((archive) => archive.content === 'wal');
  if (label === null) return noWal;
  if (wal !== null) return planOuterWal(wal, { backup, label, manifest }, wanted, signal);
  if (tar !== undefined) {
    if (!isReadable(tar.codec)) return noWal;
    const options = { signal, limitBytes: scanBytes, firstOnly: false };
    const scan = await scanWalTar(storage, tar, tar.codec, options);
    return planOfSegments({ backup, label, manifest }, scan, 'pg_wal.tar');
  }
  const inBase = await findWalInBase(storage, found, signal);
  if (inBase?.segments.length === 0 && inBase.scannedToEnd) {
    return {
      ...noWal,
      problems: [
        problem(
          'WAL_MISSING',
          `Backup ${backup.id} holds no WAL: there is no pg_wal.tar, and base.tar has none either (pg_basebackup -X none).`,
          needsArchive(label.startSegment),
          { firstSegment: label.startSegment },
        ),
      ],
    };
  }
  const planned = planOfSegments({ backup, label, manifest }, inBase, 'base.tar');
  if (inBase !== null) return planned;
  const warning =
    'There is no pg_wal.tar and no manifest: whether base.tar holds the WAL shows only when it is unpacked.';
  return { ...planned, warnings: [warning, ...planned.warnings] };
}

/** Segments that `-X fetch` put into base.tar; null when it is too large to tell without a manifest. */
async function findWalInBase(
  storage: ObjectStorage,
  { manifest, archives }: FoundArchives,
  signal: AbortSignal,
): Promise<WalTar | null> {
  if (manifest !== null) {
    const segments = manifest.files.flatMap(
      ({ path }) => /^pg_wal\/archive_status\/([0-9A-F]{24})\.done$/.exec(path)?.[1] ?? [],
    );
    return { header: null, segments, scannedToEnd: true };
  }
  const base = archives.find((archive) => archive.content === 'data');
  if (base === undefined || !isReadable(base.codec)) return null;
  if (base.codec === 'none' && !(await endsWithWal(storage, base, signal))) {
    return { header: null, segments: [], scannedToEnd: true };
  }
  const options = { signal, limitBytes: scanBytes, firstOnly: false };
  const scan = await scanWalTar(storage, base, base.codec, options);
  return base.codec === 'none' || scan.scannedToEnd || scan.segments.length > 0 ? scan : null;
}
