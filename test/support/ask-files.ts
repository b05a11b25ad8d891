import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { imageLayout } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { sampleDatabase } from '../lab/sample-data.ts';
import { binDir15 } from './restored-directory.ts';

/** In a mount namespace of its own: $1 directory, $2 where it is looked for, $3 and $4 owner; then the server and its arguments. */
const inPlace = `
  directory=$1 place=$2 uid=$3 gid=$4
  shift 4
  mount -t tmpfs -o mode=755 none /var/lib/postgresql
  printf 'postgres:x:%s:%s::/:/bin/sh\\n' "$uid" "$gid" >/var/lib/postgresql/passwd
  mount --bind /var/lib/postgresql/passwd /etc/passwd
  if [ "$place" != "$directory" ]; then mkdir -p "$place"; mount --bind "$directory" "$place"; fi
  cd /
  exec setpriv --reuid="$uid" --regid="$gid" --clear-groups "$@"
`;

/**
 * One value from a PostgreSQL 15 data directory on which no server runs, by a single-user server as the owner of its
 * files: no socket, no waiting. Writes to the directory as every server does. `volume`: the directory lies in one, and
 * its tablespaces are where a container sees them.
 */
export async function askFiles(directory: string, sql: string, from: { volume: boolean }): Promise<string> {
  const { uid, gid } = await stat(join(directory, 'PG_VERSION'));
  const place = from.volume ? imageLayout(15).pgdata : directory;
  const server = [join(binDir15, 'postgres'), '--single', '-F', '-j', '-D', place, '-c', 'archive_mode=off'];
  const answer = await run(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', 'sh', '-ec', inPlace, 'sh'],
      ...[directory, place, String(uid), String(gid), ...server, sampleDatabase],
    ],
    { input: `${sql};\n\n` },
  );
  const value = /1: \w+ = "(.*)"\t\(typeid/.exec(answer)?.[1];
  if (value === undefined) throw new Error(`No value came of ${sql}:\n${answer}`);
  return value;
}
