import type { ErrorData } from '../../errors/serialize.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import type { ArchiveCandidate } from '../archive-objects.ts';
import type { ArchiveObject, BaseBackup } from '../base-backup.ts';
import { problem } from '../problem.ts';
import type { FilesMetadata } from './files-metadata.ts';
import { controlStem, labelStem, parsePartName, tarFolder } from './layout.ts';

/** One tar of `tar_partitions/`. */
export interface Part {
  readonly object: StoredObject;
  /** As files_metadata.json names it. */
  readonly name: string;
  readonly stem: string;
  readonly suffix: string;
}

/** Every tar in restore order: what makes the directory startable comes last and wins over copies in other parts. */
export async function listParts(
  storage: ObjectStorage,
  backup: BaseBackup,
  signal: AbortSignal,
): Promise<Part[]> {
  const folder = tarFolder(backup.folder);
  const parts: Part[] = [];
  for await (const object of storage.list(folder, { signal })) {
    const name = object.key.slice(folder.length);
    const parsed = parsePartName(name);
    if (parsed !== null) parts.push({ object, name, ...parsed });
  }
  const rank = ({ stem }: Part) => (stem === controlStem ? 2 : stem === labelStem ? 1 : 0);
  // `part_1000` comes behind `part_999`.
  return parts.sort((a, b) => rank(a) - rank(b) || a.stem.localeCompare(b.stem, 'en', { numeric: true }));
}

/** Tars of one stem share their number, so that a part stored twice is noticed. */
export function candidatesOf(parts: readonly Part[]): ArchiveCandidate[] {
  const stems = [...new Set(parts.map(({ stem }) => stem))];
  return parts.map(({ object, stem }) => ({ object, content: 'data', part: stems.indexOf(stem) }));
}

/**
 * Local backups name members with a slash in front; for a streamed one the tar of pg_control is never closed. WAL-G puts
 * a file into one part, but what an interrupted upload left behind may have it too.
 */
export function withDialect(archive: ArchiveObject, hasStrangers: boolean): ArchiveObject {
  const stem = parsePartName(archive.name)?.stem;
  const isLast = stem === controlStem || stem === labelStem;
  return {
    ...archive,
    dialect: { rootedNames: true, mayLackEnd: stem === controlStem },
    ...(isLast || hasStrangers ? {} : { sharesNoFile: true as const }),
  };
}

/** Numbers of parts have gaps in a whole backup too, so that only files_metadata.json tells what is missing. */
export function missingParts(
  backup: BaseBackup,
  parts: readonly Part[],
  metadata: FilesMetadata | null,
): ErrorData[] {
  const folder = tarFolder(backup.folder);
  const missing = (name: string) =>
    problem(
      'BACKUP_INCOMPLETE',
      `${name} is missing in ${folder}.`,
      'It was deleted or never uploaded. Choose another backup: odo backups',
      { folder, name },
    );
  const names = new Set(parts.map(({ name }) => name));
  const problems = [...(metadata?.tars ?? [])].filter((name) => !names.has(name)).map(missing);
  if (!parts.some(({ stem }) => stem === controlStem)) {
    problems.push(missing(`${controlStem}.tar (with any compression)`));
  }
  return problems;
}

/** What an interrupted upload left, or what an unknown version wrote: WAL-G itself unpacks it too. */
export function unnamedParts(parts: readonly Part[], metadata: FilesMetadata | null): string[] {
  if (metadata === null || metadata.tars.size === 0) return [];
  return parts
    .filter(({ name, stem }) => stem !== controlStem && stem !== labelStem && !metadata.tars.has(name))
    .map(({ name }) => name);
}
