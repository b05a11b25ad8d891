import { archivedNames, restoreScript, walFolder } from './layout.ts';
import type { RestorePlan } from './restore-plan.ts';

/**
 * The protocol between a recovery server and the odo that feeds it with WAL (docs/wal-delivery.md). The server runs
 * the script for every file it wants; script and odo speak through files of the work directory and the server's log.
 */

/** `restore_command`. `exec`, so that the script's parent is the server's process and not one more shell. */
export const restoreCommand = (workDirectory: string, script = restoreScript): string =>
  `exec /bin/sh '${workDirectory}/${script}' '%f' '%p'`;

/** In the spool: the file of that name will not come. */
export const refusalOf = (name: string): string => `${name}.refused`;

/** The name of the file that a line of the server's log asks odo for; null for every other line. */
export function wantedIn(line: string): string | null {
  return /^odo: want ([0-9A-F]{24}|[0-9A-F]{8}\.history)\s*$/.exec(line)?.[1] ?? null;
}

/** What the script takes for being in the archive: a name to the line. */
export function namesInArchive({ contents: { wal } }: Pick<RestorePlan, 'contents'>): string {
  return (wal?.objects ?? []).map(({ name }) => `${name}\n`).join('');
}

/** What the script calls, beside a POSIX sh. */
export const restorePrograms = ['cp', 'grep', 'sleep'] as const;

/**
 * The server takes 1 to 125 as "not in the archive", which ends recovery, and 126 and everything above 128 as a
 * failure that stops it (xlogarchive.c, RestoreArchivedFile). So 1 is only for a file the archive really does not have.
 *
 * POSIX sh and `restorePrograms`, as every image with PostgreSQL has them. What is not there yet is waited for as
 * long as the server's process lives: a script that outlived its server must not write into the directory of the
 * next one. The look at the server comes right before each copy for that. It runs in the data directory.
 */
export const restoreScriptText = (workDirectory: string): string => `#!/bin/sh
# Hands one WAL file to recovery: $1 is its name, $2 where the server wants it.
wal='${workDirectory}/${walFolder}'
said=
lives() {
  kill -0 "$PPID" || return 1
  # A server's process that waits for this script does not see that the postmaster was killed.
  if read -r postmaster <postmaster.pid; then kill -0 "$postmaster"; fi
}
while lives 2>/dev/null; do
  if [ -f "$wal/$1" ]; then
    cp "$wal/$1" "$2" && exit 0
    # Unless odo took it away in this moment: then it is asked for.
    if [ -f "$wal/$1" ]; then exit 255; fi
  fi
  if [ -f "$wal/${refusalOf('$1')}" ]; then
    echo "odo: $1 cannot be brought" >&2
    exit 255
  fi
  if [ -z "$said" ]; then
    grep -qxF -e "$1" '${workDirectory}/${archivedNames}'
    case $? in
      0) ;;
      1) exit 1 ;;
      *) exit 255 ;;
    esac
    echo "odo: want $1" >&2
    said=1
  fi
  # A fraction of a second is not in POSIX.
  sleep 0.05 2>/dev/null || sleep 1
done
exit 255
`;
