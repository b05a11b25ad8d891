import type { RestorePlan } from '../../steps/restore-plan.ts';
import { formatBytes } from '../../steps/units.ts';
import { capped, type Row } from './row.ts';

/** What is read of a backup: its trees or its archives, and what it builds on; `most` of each are named. */
export const dataRows = (contents: RestorePlan['contents'], most = Number.POSITIVE_INFINITY): Row[] => {
  const { trees = [] } = contents;
  return [
    ...(trees.length > 0 ? capped(trees.map(treeRow), most) : archiveRows(contents, most)),
    ...chainRows(contents, most),
  ];
};

function archiveRows(
  { archives, dataBytes, dataBytesIsExact }: RestorePlan['contents'],
  most: number,
): Row[] {
  const archiveBytes = archives.reduce((sum, archive) => sum + archive.sizeBytes, 0);
  const codecs = [...new Set(archives.map((archive) => archive.codec))].join(', ');
  return [
    [
      'archives',
      `${archives.length}, ${formatBytes(archiveBytes)} stored (${codecs}), ${dataBytesIsExact ? '' : 'about '}${formatBytes(dataBytes)} unpacked`,
    ],
    ...capped(
      archives.map((archive): Row => ['', `${archive.name}  ${formatBytes(archive.sizeBytes)}`]),
      most,
    ),
  ];
}

type Trees = NonNullable<RestorePlan['contents']['trees']>;

function treeRow({ name, content, files }: Trees[number]): Row {
  const text = filesText(files);
  return content === 'data' ? ['files', text] : ['', `tablespace ${name}: ${text}`];
}

function filesText(files: Trees[number]['files']): string {
  const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;
}

/** The backups that an incremental one builds on, in the order in which they are restored. */
function chainRows({ backup, links = [] }: RestorePlan['contents'], most: number): Row[] {
  if (links.length === 0) return [];
  const rows = links.flatMap(({ id, beginLsn, archives, trees = [] }): Row[] => [
    ['', `${id}, begins at ${beginLsn}`],
    ...archives.map((archive): Row => ['', `${archive.name}  ${formatBytes(archive.sizeBytes)}`]),
    ...trees.map((tree): Row => ['', `${tree.name}: ${filesText(tree.files)}`]),
  ]);
  const text = `${backup.id} is incremental; these are restored before it, and combined while they stream:`;
  return [['builds on', text], ...capped(rows, most)];
}
