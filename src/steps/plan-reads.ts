import type { RestorePlan } from './restore-plan.ts';

/** One object that a plan reads. */
export interface PlannedRead {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  /** It lies in the archive that `--wal-url` names, not in the store of the backup. */
  readonly isElsewhere: boolean;
}

/** Every object of a plan that is pinned by its ETag: archives or files of the backup and its chain, and WAL. */
export function plannedReads({ contents }: Pick<RestorePlan, 'contents'>): PlannedRead[] {
  const { archives, trees = [], links = [], wal } = contents;
  const ofBackup = [...links, { archives, trees }].flatMap((one) => [
    ...one.archives.map(({ key, sizeBytes, etag }) => ({ key, sizeBytes, etag })),
    ...(one.trees ?? []).flatMap(({ folder, files }) =>
      files.map(({ path, sizeBytes, etag }) => ({ key: `${folder}${path}`, sizeBytes, etag })),
    ),
  ]);
  const isElsewhere = wal?.isElsewhere === true;
  return [
    ...ofBackup.map((object) => ({ ...object, isElsewhere: false })),
    ...(wal?.objects ?? []).map(({ key, sizeBytes, etag }) => ({ key, sizeBytes, etag, isElsewhere })),
  ];
}
