import type { ExecResult } from '../docker/exec.ts';
import { OdoError } from '../errors/odo-error.ts';
import { bootIdFile } from './boot-id.ts';

/**
 * What a helper container runs: POSIX sh with the tools of coreutils and findutils, or of BusyBox. Values arrive
 * as arguments, never as text of a script. The first argument is the tree's root; paths are relative to it and
 * begin with `./`.
 */

/** How a script says what a plain exit code cannot. */
export const scriptExit = {
  throughLink: 91,
  notDirectory: 92,
  notFile: 93,
  neitherThere: 94,
  rootMissing: 95,
  absent: 96,
  incomplete: 97,
} as const;

const { throughLink, notDirectory, notFile, neitherThere, rootMissing, absent, incomplete } = scriptExit;

const prologue = `set -eu
root=$1; shift
[ -d "$root" ] || exit ${rootMissing}
cd "$root"
made=
# The directories of $1, itself included, must be real ones; missing ones: make | leave.
guard() {
  at=. rest=$1
  while [ -n "$rest" ]; do
    part=\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) rest= ;; esac
    at=$at/$part
    if [ -L "$at" ]; then printf '%s' "$at" >&2; exit ${throughLink}; fi
    if [ ! -e "$at" ]; then
      [ "$2" = make ] || exit ${absent}
      mkdir -m 0700 "$at"
      made=1
    fi
    [ -d "$at" ] || { printf '%s' "$at" >&2; exit ${notDirectory}; }
  done
}
settle() { # on disk: these directories, and with new ones among them everything
  if [ -n "$made" ]; then sync -f .; else sync "$@"; fi
}
`;

const script = (body: string): string => prologue + body;

/** Walks from the mount to the root before it can be the root: args are the mount, make | leave, the path's parts. */
export const enterRoot = `set -eu
at=$1 mode=$2; shift 2
made=
while [ $# -gt 0 ]; do
  at=$at/$1; shift
  if [ -L "$at" ]; then printf '%s' "$at" >&2; exit ${throughLink}; fi
  if [ ! -e "$at" ]; then
    [ "$mode" = make ] || exit ${rootMissing}
    # The server's user must get through to the data directory, which is the last.
    if [ $# -gt 0 ]; then mkdir "$at"; chmod 0755 "$at"; else mkdir -m 0700 "$at"; fi
    made=1
  fi
  [ -d "$at" ] || { printf '%s' "$at" >&2; exit ${notDirectory}; }
done
if [ -n "$made" ]; then sync -f "$at"; fi
`;

const isFile = `guard "$1" leave
if [ -L "$2" ]; then printf '%s' "$2" >&2; exit ${throughLink}; fi
[ -e "$2" ] || exit ${absent}
[ -f "$2" ] || exit ${notFile}
`;

/** What `readPart` counts in: BusyBox's dd cannot skip bytes. @unit bytes */
export const partBytes = 4096;

/** Args: directory, path, parts to skip, parts to read. Behind the file's end there is nothing. */
export const readPart = script(`${isFile}dd if="$2" bs=${partBytes} skip="$3" count="$4" 2>/dev/null
`);

/** Args: directory, path, byte limit plus one. */
export const readFile = script(`${isFile}head -c "$3" "$2"
`);

/** The content comes in; a connection that broke must not pass for its end. */
const writeAside = `guard "$1" make
rm -rf "$3"
(umask 077; set -C; cat > "$3")
[ "$(stat -c %s "$3")" = "$5" ] || { rm -f "$3"; exit ${incomplete}; }
chmod "$4" "$3"
sync "$3"
`;

/** Args: directory, path, temporary path, mode, size. */
export const writeFile = script(`${writeAside}mv -fT "$3" "$2"
settle "$1"
`);

/**
 * Args: directory, path, temporary path, mode, size. Out: `made`, or nothing when something has that name. The same
 * weakness as createFileDurably's: without a second name for a file, it is a rename.
 */
export const createFile = script(`${writeAside}if [ ! -e "$2" ] && [ ! -L "$2" ]; then
  if ln "$3" "$2" 2>/dev/null; then printf made
  elif [ ! -e "$2" ] && [ ! -L "$2" ]; then mv -fT "$3" "$2"; printf made
  fi
fi
rm -f "$3"
settle "$1"
`);

/** Args: directory and path of the source, directory and path of the destination. */
export const rename = script(`code=0
(guard "$1" leave) || code=$?
[ $code = 0 ] || [ $code = ${absent} ] || exit $code
if [ $code = 0 ] && { [ -e "$2" ] || [ -L "$2" ]; }; then
  guard "$3" make
  mv -fT "$2" "$4"
  settle "$3" "$1"
  exit 0
fi
# Done already, or never to be done. An earlier attempt may have ended before the rename was on disk.
code=0
(guard "$3" leave) || code=$?
[ $code != ${absent} ] || exit ${neitherThere}
[ $code = 0 ] || exit $code
[ -e "$4" ] || [ -L "$4" ] || exit ${neitherThere}
sync -f .
`);

/** Args: directory, path. */
export const remove = script(`guard "$1" leave
rm -rf "$2"
sync "$1"
`);

/** Args: directory of the sources, directory of the destinations, uid:gid, names. */
export const handOver = script(`guard "$1" leave
guard "$2" leave
from=$1 to=$2 owner=$3; shift 3
for name do
  if [ -L "$from/$name" ]; then printf '%s' "$from/$name" >&2; exit ${throughLink}; fi
  # Handed over by an earlier attempt whose answer got lost.
  if [ ! -e "$from/$name" ] && [ -f "$to/$name" ]; then continue; fi
  chown "$owner" "$from/$name"
  chmod 0600 "$from/$name"
  mv -fT "$from/$name" "$to/$name"
done
`);

/** Args: directory, names. */
export const removeFiles = script(`guard "$1" leave
folder=$1; shift
for name do rm -f "$folder/$name"; done
`);

/** Out: nothing where the system has none. */
export const bootId = script(`cat ${bootIdFile} 2>/dev/null || :
`);

/** Args: directory. Out: kind/name, each ended by a zero byte. */
export const list = script(`guard "$1" leave
for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
  if [ -L "$entry" ]; then kind=link
  elif [ -d "$entry" ]; then kind=directory
  elif [ -f "$entry" ]; then kind=file
  elif [ -e "$entry" ]; then kind=other
  else continue; fi
  printf '%s/%s\\0' "$kind" "\${entry##*/}"
done
`);

/** Args: names that stay. */
export const clear = script(`for entry in ./* ./.[!.]* ./..?*; do
  stays=
  for kept do
    if [ "\${entry#./}" = "$kept" ]; then stays=1; fi
  done
  if [ -z "$stays" ]; then rm -rf "$entry"; fi
done
sync -f .
`);

/** Args: uid:gid. */
export const own = script(`find . -path ./lost+found -prune -o -exec chown -h "$1" {} +
find . -path ./lost+found -prune -o -type d -exec chmod 0700 {} +
find . -path ./lost+found -prune -o ! -type d ! -type l -exec chmod 0600 {} +
`);

export const syncAll = script(`sync -f .
`);

/** Out: free blocks for others than root, and their size. */
export const freeSpace = script(`stat -f -c '%a %S' .
`);

/** Out: kibibytes with, and 512-byte blocks of, the root itself. */
export const usedSpace = script(`du -sk . | cut -f 1
stat -c %b .
`);

/** Out: uid and gid of the root. */
export const owner = script(`stat -c '%u %g' .
`);

/** Args: directory. Out: what the links right under it point to, each ended by a zero byte. */
export const linkTargets = script(`guard "$1" leave
for entry in "$1"/*; do
  if [ -L "$entry" ]; then printf '%s\\0' "$(readlink "$entry")"; fi
done
`);

/** Out: number of the device. */
export const device = script(`stat -c %d .
`);

/** Out: every symbolic link, each ended by a zero byte. */
export const links = script(`find . -type l -print0
`);

/** Of a script's output. */
export function splitZeroEnded({ stdout }: ExecResult): string[] {
  return stdout.split('\0').slice(0, -1);
}

/** The two numbers that a script answers with. */
export function numbersOf({ stdout }: ExecResult): [number, number] {
  const [first, second] = stdout.trim().split(/\s+/).map(Number);
  if (first === undefined || second === undefined || !Number.isFinite(first + second)) {
    throw new OdoError(
      'ENGINE_FAILED',
      `The helper container answered ${JSON.stringify(stdout)}, not two numbers.`,
    );
  }
  return [first, second];
}
