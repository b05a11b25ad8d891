import type { RestorePlan } from '../../../steps/restore-plan.ts';
import { formatBytes } from '../../../steps/units.ts';
import type { Row } from './row.ts';

/** What is read of a backup: its trees or its archives, and what it builds on. */
export const dataRows = (contents: RestorePlan['contents']): Row[] => {
  const { trees = [] } = contents;
  return [...(trees.length > 0 ? trees.map(treeRow) : archiveRows(contents)), ...chainRows(contents)];
};

function archiveRows({ archives, dataBytes, dataBytesIsExact }: RestorePlan['contents']): Row[] {
  const archiveBytes = archives.reduce((sum, archive) => sum + archive.sizeBytes, 0);
  const codecs = [...new Set(archives.map((archive) => archive.codec))].join(', ');
  return [
    [
      'archives',
      `${archives.length}, ${formatBytes(archiveBytes)} stored (${codecs}), ${dataBytesIsExact ? '' : 'about '}${formatBytes(dataBytes)} unpacked`,
    ],
    ...archives.map((archive): Row => ['', `${archive.name}  ${formatBytes(archive.sizeBytes)}`]),
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
function chainRows({ backup, links = [] }: RestorePlan['contents']): Row[] {
  if (links.length === 0) return [];
  const rows = links.flatMap(({ id, beginLsn, archives, trees = [] }): Row[] => [
    ['', `${id}, begins at ${beginLsn}`],
    ...archives.map((archive): Row => ['', `${archive.name}  ${formatBytes(archive.sizeBytes)}`]),
    ...trees.map((tree): Row => ['', `${tree.name}: ${filesText(tree.files)}`]),
  ]);
  const text = `${backup.id} is incremental; these are restored before it, and combined while they stream:`;
  return [['builds on', text], ...rows];
}
