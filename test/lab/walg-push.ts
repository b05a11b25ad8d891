import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appendMember, endTar, type GoTarMember } from './go-tar.ts';

/**
 * Writes what `wal-g backup-push` uploads, from a copy of a data directory that pg_basebackup made: no WAL-G program is
 * within reach. Follows WAL-G's bundle.go, regular_tar_ball_composer.go, backup_sentinel_dto.go and, for a backup over
 * the replication protocol, its streaming counterpart.
 */
export interface WalgPush {
  /** Data directory as pg_basebackup -Fp leaves it, and the directories of its tablespaces by OID. */
  readonly data: string;
  readonly tablespaces: readonly {
    readonly oid: string;
    readonly directory: string;
    readonly location: string;
  }[];
  /** Gets `<name>/…` and the sentinel, not compressed. */
  readonly into: string;
  /** Over the replication protocol (`wal-g backup-push` without a directory). */
  readonly isStreamed: boolean;
  /** A part ends behind the member that reaches this. @unit bytes */
  readonly partBytes: number;
  /** `.lz4`, as the parts will be named; empty for none. */
  readonly suffix: string;
  /** Decimal. */
  readonly systemIdentifier: string;
  readonly versionNumber: number;
  readonly startedAt: string;
  readonly dataDirectory: string;
}

/** Only the directory is kept (bundle.go, ExcludedFilenames). */
const emptied = [
  ...['log', 'pg_log', 'pg_xlog', 'pg_wal', 'pg_dynshmem', 'pg_notify', 'pg_replslot', 'pg_serial'],
  ...['pg_stat_tmp', 'pg_snapshots', 'pg_subtrans', 'pgsql_tmp'],
];
const left = ['postgresql.auto.conf.tmp', 'postmaster.pid', 'postmaster.opts', 'standby.signal'];
/** Of pg_basebackup, not of WAL-G. */
const notOfTheCluster = ['backup_manifest', 'backup_label', 'tablespace_map', 'tablespace_map.old'];
const control = 'global/pg_control';

interface Found {
  /** Relative to the data directory, no slash in front. */
  readonly path: string;
  readonly member: GoTarMember;
}

async function found(path: string, file: string): Promise<Found> {
  const { mode, uid, gid, mtimeMs, size } = await stat(file);
  const isDirectory = (mode & 0o170000) === 0o040000;
  const content = { file, sizeBytes: isDirectory ? 0 : size };
  const modifiedAt = Math.round(mtimeMs / 1000);
  return {
    path,
    member: { name: path, isDirectory, mode: mode & 0o777, uid, gid, modifiedAt, content },
  };
}

/** In the order of Go's filepath.Walk: names sorted, links not followed. */
async function* walk(directory: string, path: string): AsyncGenerator<Found> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = join(directory, entry.name);
    const below = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isSymbolicLink() || left.includes(entry.name)) continue;
    if (path === '' && notOfTheCluster.includes(entry.name)) continue;
    yield await found(below, file);
    if (entry.isDirectory() && !emptied.includes(entry.name)) yield* walk(file, below);
  }
}

/** Returns the backup's name. */
export async function pushLikeWalg(push: WalgPush): Promise<string> {
  const { data, into, suffix, isStreamed } = push;
  const label = await readFile(join(data, 'backup_label'), 'utf8');
  const [, startLsn = '', segment = ''] = /^START WAL LOCATION: (\S+) \(file (\S+)\)$/m.exec(label) ?? [];
  const manifest = JSON.parse(await readFile(join(data, 'backup_manifest'), 'utf8')) as {
    'WAL-Ranges': { 'End-LSN': string }[];
  };
  const finishLsn = manifest['WAL-Ranges'][0]?.['End-LSN'] ?? '';
  const name = `base_${segment}`;
  const folder = join(into, name);
  const tars = join(folder, 'tar_partitions');
  await mkdir(tars, { recursive: true });
  // A local backup puts a slash in front of what it finds, not in front of what the server gives it.
  const slash = isStreamed ? '' : '/';

  const files: Record<string, unknown> = {};
  const sets: Record<string, string[]> = {};
  let uncompressed = 0;
  const list = (tar: string, { name: member, modifiedAt }: GoTarMember) => {
    (sets[tar] ??= []).push(member);
    const time = new Date(modifiedAt * 1000).toISOString();
    files[member] = {
      IsIncremented: false,
      IsSkipped: false,
      MTime: time,
      CorruptBlocks: null,
      UpdatesCount: 0,
    };
  };
  const writeTar = async (stem: string, members: readonly GoTarMember[], isClosed = true) => {
    const tar = await open(join(tars, `${stem}.tar`), 'w');
    for (const member of members) uncompressed += await appendMember(tar, member);
    if (isClosed) await endTar(tar);
    await tar.close();
  };

  const members: GoTarMember[] = [];
  // The walk begins with the directory itself.
  if (!isStreamed) members.push({ ...(await found('', data)).member, name: '/' });
  const named = ({ path, member }: Found): GoTarMember => ({ ...member, name: slash + path });
  let controlMember: GoTarMember | null = null;
  for await (const one of walk(data, '')) {
    if (one.path === control) controlMember = named(one);
    if (one.path !== control || isStreamed) members.push(named(one));
  }
  for (const { oid, directory } of push.tablespaces) {
    for await (const one of walk(directory, `pg_tblspc/${oid}`)) members.push(named(one));
  }
  if (controlMember === null) throw new Error(`${data} has no ${control}`);
  const text = (member: string, content: string): GoTarMember => {
    const bytes = Buffer.from(content);
    return {
      name: member,
      isDirectory: false,
      mode: 0o600,
      uid: 0,
      gid: 0,
      modifiedAt: 0,
      content: { bytes },
    };
  };
  // pg_basebackup -Fp makes links itself and asks for no map; pg_backup_stop() would give this text.
  const map = push.tablespaces.map(({ oid, location }) => `${oid} ${location}\n`).join('');
  const labels = [text('backup_label', label), text('tablespace_map', map)];
  if (isStreamed) members.unshift(...labels);

  // Two tars are open at a time and take turns; a new one is begun when one is full.
  const parts: { stem: string; members: GoTarMember[]; bytes: number }[] = [];
  const begin = () => {
    const stem = `part_${String(parts.length + 1).padStart(3, '0')}`;
    const part = { stem, members: [] as GoTarMember[], bytes: 0 };
    parts.push(part);
    return part;
  };
  const open2 = [begin(), begin()];
  for (const [index, member] of members.entries()) {
    const lane = isStreamed ? 0 : index % 2;
    const part = open2[lane] ?? begin();
    part.members.push(member);
    part.bytes += 'bytes' in member.content ? member.content.bytes.length : member.content.sizeBytes;
    list(`${part.stem}.tar${suffix}`, member);
    if (part.bytes >= push.partBytes) open2[lane] = begin();
  }
  for (const { stem, members: inside } of parts) if (inside.length > 0) await writeTar(stem, inside);
  // Over the replication protocol the tar of the control file is a branch of the stream that nothing ends.
  await writeTar('pg_control', [controlMember], !isStreamed);
  if (!isStreamed) {
    await writeTar('backup_label', labels);
    for (const { name: member } of labels) (sets[`backup_label.tar${suffix}`] ??= []).push(member);
  }

  const facts = { uncompressed, name, startLsn, finishLsn, segment };
  await writeFile(
    join(folder, 'files_metadata.json'),
    JSON.stringify({ Files: files, TarFileSets: isStreamed ? undefined : sets, DatabasesByNames: {} }),
  );
  await writeFile(join(folder, 'metadata.json'), metadataOf(push, facts));
  await writeFile(join(into, `${name}_backup_stop_sentinel.json`), sentinelOf(push, facts));
  return name;
}

interface PushFacts {
  readonly uncompressed: number;
  readonly startLsn: string;
  readonly finishLsn: string;
  readonly segment: string;
}

/** As Go writes an unsigned 64-bit number: every digit, which JSON.stringify cannot do. */
function u64(lsn: string): string {
  const [high = '', low = ''] = lsn.split('/');
  return String((BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`));
}

function sentinelOf(push: WalgPush, { uncompressed, startLsn, finishLsn, segment }: PushFacts): string {
  const spec =
    push.tablespaces.length === 0
      ? null
      : {
          base_prefix: push.dataDirectory,
          tablespaces: push.tablespaces.map(({ oid }) => oid),
          ...Object.fromEntries(
            push.tablespaces.map(({ oid, location }) => [oid, { loc: location, link: `pg_tblspc/${oid}` }]),
          ),
        };
  const rest = {
    Timeline: Number.parseInt(segment.slice(0, 8), 16),
    PgVersion: push.versionNumber,
    UncompressedSize: uncompressed,
    CompressedSize: 0,
    DataCatalogSize: uncompressed,
    Spec: spec,
    Version: 2,
    StartTime: push.startedAt,
    FinishTime: new Date().toISOString(),
    DateFmt: '%Y-%m-%dT%H:%M:%S.%fZ',
    Hostname: 'source',
    DataDir: push.dataDirectory,
    IsPermanent: false,
  };
  const exact = `"LSN":${u64(startLsn)},"FinishLSN":${u64(finishLsn)},"SystemIdentifier":${push.systemIdentifier}`;
  return `{${exact},${JSON.stringify(rest).slice(1)}`;
}

function metadataOf(push: WalgPush, { uncompressed, startLsn, finishLsn }: PushFacts): string {
  const rest = {
    start_time: push.startedAt,
    finish_time: new Date().toISOString(),
    date_fmt: '%Y-%m-%dT%H:%M:%S.%fZ',
    hostname: 'source',
    data_dir: push.dataDirectory,
    pg_version: push.versionNumber,
    is_permanent: false,
    uncompressed_size: uncompressed,
    compressed_size: 0,
  };
  const exact = `"start_lsn":${u64(startLsn)},"finish_lsn":${u64(finishLsn)},"system_identifier":${push.systemIdentifier}`;
  return `{${exact},${JSON.stringify(rest).slice(1)}`;
}
