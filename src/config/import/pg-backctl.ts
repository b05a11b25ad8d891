import { type Imported, type Left, named, type OldEntry, type Taken } from './imported.ts';

/** Where its import_db_backup.sh looks when the file does not say it. */
const defaultSearchPrefix = 'postgresql-cluster/base/';

/** Settings that only have another name. */
const same: Readonly<Record<string, Pick<Taken, 'key' | 'comment'>>> = {
  'source.s3_endpoint': { key: 'endpoint', comment: [] },
  'aws.region': { key: 'region', comment: [] },
  'target.service': {
    key: 'service',
    comment: ['It is stopped before the restore and started afterwards.'],
  },
  'target.compose_file': { key: 'composeFile', comment: [] },
  'target.volume_name': {
    key: 'volume',
    comment: ['It holds the database; its data is removed, after you agreed, unless there is a new-volume.'],
  },
  'restore.new_volume_name': {
    key: 'newVolume',
    comment: ['It is made, and the service uses it afterwards; the old volume stays as it is.'],
  },
  'postgres.replace_conf': {
    key: 'override',
    comment: ['It takes the place of postgresql.auto.conf; there is no second file for the first start.'],
  },
};

const secrets: Readonly<Record<string, string>> = {
  'aws.access_key': 'AWS_ACCESS_KEY_ID',
  'aws.secret_key': 'AWS_SECRET_ACCESS_KEY',
};

/** What has no counterpart, and what is done instead. */
const without: Readonly<Record<string, string>> = {
  'restore.override_volume':
    'needs no setting: volume without new-volume means that. odo asks first; --yes agrees beforehand',
  'postgres.version':
    'the server of the service’s own image recovers the database; its major must be the backup’s',
  'postgres.replace_pg_hba_conf':
    'odo leaves pg_hba.conf as the backup has it; copy yours into the data directory after the restore, and reload',
  'postgres.post_init_conf':
    'odo runs no SQL of yours in a restored database; run the scripts with psql after odo start has ended with 0',
  'docker.image': 'odo works without an image of its own',
};

/** The recovery.conf of pg_backctl, as its import_db_backup.sh reads it. */
export function fromPgBackctl(entries: readonly OldEntry[]): Imported {
  const taken: Taken[] = [];
  const found: { variable: string; from: string }[] = [];
  const left: Left[] = [];
  const source = sourceOf(entries);
  taken.push(...source.taken);
  for (const entry of entries) {
    const name = `${entry.section}.${entry.key}`;
    const known = same[name];
    const variable = secrets[name];
    if (entry.value === '' || source.used.has(entry)) continue;
    if (variable !== undefined) found.push({ variable, from: named(entry) });
    else if (known !== undefined) {
      const from = named(entry);
      taken.push({ ...known, value: entry.value, from, comment: [`From ${from}.`, ...known.comment] });
    } else if (name === 'restore.standby') taken.push(...standby(entry));
    else left.push({ from: named(entry), why: without[name] ?? unknown(entry) });
  }
  return { kind: 'pg_backctl', taken, secrets: found, left: [...source.left, ...left] };
}

const unknown = ({ section }: OldEntry): string =>
  `pg_backctl has no such key in [${section}] that a restore reads`;

function standby(entry: OldEntry): Taken[] {
  if (!/^(true|yes|1)$/.test(entry.value)) return [];
  const comment = [
    `${named(entry)}: a standby of odo follows a primary, so it must be known. Complete both lines:`,
  ];
  return [
    { key: 'standby', value: true, comment, isOff: true },
    { key: 'primaryConninfo', value: 'host=HOST user=USER', comment: [], isOff: true },
  ];
}

/** Where the backups lie, from the keys that say it together. */
function sourceOf(entries: readonly OldEntry[]): {
  taken: Taken[];
  left: Left[];
  used: ReadonlySet<OldEntry>;
} {
  const at = (key: string): OldEntry | undefined =>
    entries.find((entry) => entry.section === 'source' && entry.key === key && entry.value !== '');
  const [bucket, one, prefix, path] = [
    at('s3_url'),
    at('s3_backup_path'),
    at('s3_search_prefix'),
    at('path'),
  ];
  const used = new Set([bucket, one, prefix, path].filter((entry) => entry !== undefined));
  if (bucket === undefined) {
    const left = [one, prefix].filter((entry) => entry !== undefined);
    return {
      taken: path === undefined ? [] : [local(path)],
      left: left.map((entry) => ({ from: named(entry), why: 'it is of use only with s3_url' })),
      used,
    };
  }
  const left: Left[] = [];
  if (path !== undefined)
    left.push({ from: named(path), why: 'there is s3_url as well, and pg_backctl wants one of them' });
  if (one !== undefined) {
    if (prefix !== undefined) left.push({ from: named(prefix), why: 's3_backup_path comes before it' });
    const [, folder = '', backup = ''] = /^(.*?)([^/]+)\/*$/.exec(one.value) ?? [];
    return {
      taken: [
        {
          key: 'url',
          value: below(bucket.value, folder),
          comment: [`From ${named(bucket)} and ${named(one)}.`],
        },
        { key: 'backup', value: backup, comment: ['This one; without the line the newest usable one.'] },
      ],
      left,
      used,
    };
  }
  const origin =
    prefix === undefined
      ? `From ${named(bucket)} and ${defaultSearchPrefix}, where pg_backctl looks when nothing is said.`
      : `From ${named(bucket)} and ${named(prefix)}.`;
  const comment = [origin, 'odo looks for backups there and up to three folders below.'];
  return {
    taken: [{ key: 'url', value: below(bucket.value, prefix?.value ?? defaultSearchPrefix), comment }],
    left,
    used,
  };
}

/** The folder `base` belongs to a server's, whose WAL lies beside it: odo is given the server's. */
function below(bucket: string, folder: string): string {
  const names = folder.split('/').filter((name) => name !== '');
  if (names.at(-1) === 'base') names.pop();
  return [bucket.replace(/\/+$/, ''), ...names].join('/');
}

function local(path: OldEntry): Taken {
  const isAbsolute = path.value.startsWith('/');
  return {
    key: 'url',
    value: isAbsolute ? `file://${encodeURI(path.value)}` : 'file:///DIRECTORY',
    comment: isAbsolute
      ? [`From ${named(path)}.`]
      : [`${named(path)} is ${JSON.stringify(path.value)}; an address is absolute. Complete the line:`],
    ...(isAbsolute ? {} : { isOff: true }),
  };
}
