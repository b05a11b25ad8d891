import type { LoadedSettings } from '../../config/load.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import { formatBytes } from '../../steps/units.ts';
import { type DisplayedSetting, displayedSettings } from '../displayed-settings.ts';
import { labelled } from './text.ts';
import { formatTime } from './units.ts';

const labelWidth = 14;

/** The plan as a page: what will be read, stopped, removed, created and written, and why. */
export function planText(plan: RestorePlan, loaded: LoadedSettings, width: number): string[] {
  const row = (label: string, text: string): string[] => labelled(`  ${label}`, text, { labelWidth, width });
  return [
    ...section(
      'Backup',
      backupRows(plan, loaded).flatMap(([label, text]) => row(label, text)),
    ),
    ...section(
      'What happens',
      actions(plan).flatMap(([label, text]) => row(label, text)),
    ),
    ...section(
      'Details',
      detailRows(plan).flatMap(([label, text]) => row(label, text)),
    ),
    ...section(
      'Warnings',
      plan.warnings.flatMap((warning) => labelled('  -', warning, { labelWidth: 4, width })),
    ),
    ...section('Settings', settingRows(displayedSettings(loaded), width)),
    plan.removes === null
      ? 'Nothing that exists now is removed.'
      : 'Data is removed: odo start asks first, or wants --yes.',
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines, ''];
}

export type Row = readonly [label: string, text: string];

function backupRows(
  { contents, selectedBecause, passedOver, source }: RestorePlan,
  { layers, provenance }: LoadedSettings,
): Row[] {
  const { backup, wal } = contents;
  const facts = [
    backup.format,
    backup.serverMajor === null ? null : `PostgreSQL ${backup.serverMajor}`,
    backup.finishedAt === null ? null : `finished ${formatTime(backup.finishedAt)}`,
    backup.systemIdentifier === null ? null : `system identifier ${backup.systemIdentifier}`,
  ].filter((fact) => fact !== null);
  const asked = (['backup', 'before'] as const)
    .filter((key) => layers[key] !== null)
    .map((key) => provenance[key]);
  return [
    [
      'source',
      `${source.url}${source.endpoint === null ? '' : ` at ${source.endpoint}`}${source.region === null ? '' : `, region ${source.region}`}`,
    ],
    [
      'backup',
      `${backup.id}${backup.name === null ? '' : ` (${backup.name})`}${backup.server === null ? '' : `, server ${backup.server}`}`,
    ],
    ['', facts.join(', ')],
    ...(selectedBecause === undefined
      ? []
      : [['why', `${selectedBecause}${asked.length === 0 ? '' : ` (${asked.join(', ')})`}`] satisfies Row]),
    ...passedOver.map(({ id, problem }): Row => ['passed over', `${id}: ${problem}`]),
    ...dataRows(contents),
    ['WAL', walText(wal)],
  ];
}

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

export function walText(wal: RestorePlan['contents']['wal']): string {
  if (wal === null) return 'unknown';
  const range = `${wal.beginSegment} to ${wal.lastSegment}, timeline ${wal.timeline}, consistent at ${wal.consistentSegment}`;
  if (wal.source === 'backup') return `inside the backup: ${range}`;
  const bytes = wal.objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  const segments = wal.objects.filter((object) => !object.name.endsWith('.history')).length;
  const histories = wal.objects.length - segments;
  const historyText =
    histories === 0 ? '' : ` and ${histories} history ${histories === 1 ? 'file' : 'files'}`;
  const counts = `${segments} segments${historyText}, ${formatBytes(bytes)} stored`;
  return `${counts}: ${range}`;
}

/** In the order in which they happen. */
function actions(plan: RestorePlan): Row[] {
  const rows: Row[] = [];
  const hasService = plan.service.kind !== 'none';
  const stop = (when: string): Row => [
    'stop',
    `${plan.serviceDescription}, ${plan.serviceWasRunning ? when : 'which does not run now'}`,
  ];
  if (hasService && plan.stopsFirst) rows.push(stop('before the target is touched'));
  if (plan.removes !== null) rows.push(['remove', plan.removes]);
  if (plan.targetAction === 'create') rows.push(['create', plan.targetDescription]);
  const places = plan.tablespaces.flatMap((one) =>
    one.place ? [{ ...one.place, name: one.name ?? one.oid }] : [],
  );
  for (const { action, description } of places) if (action === 'create') rows.push(['create', description]);
  rows.push([
    'write',
    `the base backup into ${plan.targetDescription}, owner ${plan.owner.uid}:${plan.owner.gid}`,
  ]);
  for (const { description, name } of places) rows.push(['write', `tablespace ${name} into ${description}`]);
  rows.push(['recover', `with ${plan.launcherDescription}, apart from the service`]);
  rows.push([
    'promote',
    plan.promote
      ? 'when the database is consistent and all WAL is applied'
      : 'not now: odo stops when the database is consistent; odo promote goes on',
  ]);
  if (plan.override !== null)
    rows.push([
      'replace',
      `postgresql.auto.conf by ${plan.override.path} (SHA-256 ${plan.override.sha256.slice(0, 16)}…)`,
    ]);
  if (hasService && !plan.stopsFirst) rows.push(stop('only for the switch-over at the end'));
  if (plan.switchOver !== null) {
    const { from, toVolume, toAlias } = plan.switchOver;
    rows.push([
      'switch over',
      `${plan.serviceDescription} from ${from.alias ?? from.source} to ${toAlias === toVolume ? toVolume : `${toAlias} (volume ${toVolume})`}; ${from.source} stays as it is`,
    ]);
  }
  if (hasService) rows.push(['start', `${plan.serviceDescription}, and ask it who it is`]);
  return rows;
}

function detailRows(plan: RestorePlan): Row[] {
  return [
    ['server', plan.launcherDescription],
    [
      'PGDATA',
      `${plan.pgdata}, written ${plan.access === 'direct' ? 'directly' : 'through the container engine'}`,
    ],
    ['owner', `${plan.owner.uid}:${plan.owner.gid}`],
    ...plan.tablespaces.map(
      (one): Row => [
        'tablespace',
        `${one.name ?? one.oid}: ${placeText(one)}${one.sourceLocation === null ? '' : ` (was ${one.sourceLocation})`}`,
      ],
    ),
    ['space', spaceText(plan.space)],
    ...(plan.spaceElsewhere ?? []).map((space): Row => ['', `${space.description}: ${spaceText(space)}`]),
    ['work', `${plan.jobs} at a time, a checkpoint every ${formatBytes(plan.checkpointBytes)}`],
    ...listRow('limits', limitTexts(plan)),
    ...listRow('also', choiceTexts(plan)),
  ];
}

function placeText({ path, serverPath, place }: RestorePlan['tablespaces'][number]): string {
  if (place === undefined) return `${path} in the data directory`;
  const how = place.access === 'direct' ? 'written directly' : 'written through the container engine';
  return place.description === serverPath
    ? `${serverPath}, ${how}`
    : `${serverPath}, ${place.description}, ${how}`;
}

function spaceText(space: RestorePlan['space']): string {
  const reclaimable =
    space.reclaimableBytes === 0 ? '' : ` and ${formatBytes(space.reclaimableBytes)} given back by cleaning`;
  return `${space.neededIsExact ? '' : 'about '}${formatBytes(space.neededBytes)} needed; ${formatBytes(space.freeBytes)} free${reclaimable}; ${formatBytes(space.reserveBytes)} kept free`;
}

const listRow = (label: string, texts: readonly string[]): Row[] =>
  texts.length === 0 ? [] : [[label, texts.join(', ')]];

const limitTexts = ({ maxRateBytesPerSecond, memoryBytes, background }: RestorePlan): string[] => [
  ...(maxRateBytesPerSecond === null ? [] : [`${formatBytes(maxRateBytesPerSecond)}/s from the store`]),
  ...(memoryBytes === null ? [] : [`${formatBytes(memoryBytes)} of buffers`]),
  ...(background ? ['the weakest CPU and I/O priority for threads that read, decode and write'] : []),
];

const choiceTexts = ({ sync, pageChecksums, publishIndex }: RestorePlan): string[] => [
  ...(sync ? [] : ['files are not synced to disk']),
  ...(pageChecksums ? ['page checksums are checked'] : []),
  ...(publishIndex ? ['the seek index of each archive is stored beside the backup'] : []),
];

function settingRows(rows: readonly DisplayedSetting[], width: number): string[] {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length)) + 4;
  return rows.flatMap(({ name, value, provenance }) =>
    labelled(`  ${name}`, `${value} (${provenance})`, { labelWidth: nameWidth, width }),
  );
}
