import type { PathFacts } from '../postgres/leftovers/server-view.ts';

/** What an installation of PostgreSQL has around it. */
export interface ServerInventory {
  /** `17.12`; null when its programs do not run. */
  readonly version: string | null;
  /** Name of the user that the server runs as; null when the system has none for its uid. */
  readonly user: string | null;
  /** Of the C library, whose collations indexes rely on: `glibc 2.36`, `musl 1.2.5`. */
  readonly libc: string | null;
  /** Major of the ICU library that the server is linked with; null without ICU. */
  readonly icu: string | null;
  /** As `locale -a` names them; null where any name is taken (musl) or nobody tells. */
  readonly locales: readonly string[] | null;
  /** Names in `$libdir` without their ending; null when its place is not known. */
  readonly libraries: readonly string[] | null;
  /** By the paths that were asked for. */
  readonly paths: Readonly<Record<string, PathFacts>>;
}

/**
 * Arguments are paths to look at. Everything is asked of the programs that are there, because a slim image lacks any of
 * them; a section without lines is what nobody could tell.
 */
export const inventoryScript = `
section() { echo "== $1"; }
section version; postgres -V
section user; id -un 2>/dev/null
section libc; getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 2 | tr '\\n' ' '; echo
server=$(readlink -f "$(command -v postgres)"); bin=\${server%/*}
section icu; ldd "$server" 2>/dev/null | sed -n 's/.*libicuuc\\.so\\.\\([0-9]*\\).*/\\1/p'
section locales; locale -a 2>/dev/null
section libraries
for lib in "$bin/../lib" "$bin/../lib/postgresql" "$("$bin/pg_config" --pkglibdir 2>/dev/null)"; do
  if [ -e "$lib/plpgsql.so" ]; then ls "$lib" | sed -n 's/\\.so$//p'; break; fi
done
section paths
for path; do
  kind=missing; [ -e "$path" ] && kind=file; [ -d "$path" ] && kind=directory
  access=; [ -r "$path" ] && access=r; [ -w "$path" ] && access="\${access}w"
  printf '%s %s:%s\\n' "$kind" "$access" "$path"
done
exit 0
`;

/** Reads what `inventoryScript` prints. */
export function parseInventory(lines: Iterable<string>): ServerInventory {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const [, name] = /^== (\w+)$/.exec(line) ?? [];
    if (name === undefined) current.push(line.trimEnd());
    else sections.set(name, (current = []));
  }
  const section = (name: string): string[] => (sections.get(name) ?? []).filter((line) => line.trim() !== '');
  const [, version] = /\(PostgreSQL\) (\S+)/.exec(section('version')[0] ?? '') ?? [];
  const libc = libcOf(section('libc')[0] ?? '');
  const libraries = section('libraries');
  const locales = section('locales');
  return {
    version: version ?? null,
    user: section('user')[0] ?? null,
    libc,
    icu: section('icu')[0] ?? null,
    locales: locales.length === 0 || libc?.startsWith('musl') ? null : locales,
    libraries: libraries.length === 0 ? null : libraries,
    paths: Object.fromEntries(section('paths').flatMap((line) => pathOf(line) ?? [])),
  };
}

function libcOf(text: string): string | null {
  const [, glibc] = /\bglibc (\d[\d.]*)/i.exec(text) ?? [];
  if (glibc !== undefined) return `glibc ${glibc}`;
  const [, musl] = /\bmusl\b.*?(\d+\.[\d.]+)/.exec(text) ?? [];
  if (musl !== undefined) return `musl ${musl}`;
  return /\bmusl\b/.test(text) ? 'musl' : null;
}

function pathOf(line: string): [[string, PathFacts]] | null {
  const [, kind, access = '', path] = /^(file|directory|missing) (r?w?):(.*)$/.exec(line) ?? [];
  if (kind === undefined || path === undefined) return null;
  const facts = {
    kind: kind as PathFacts['kind'],
    readable: access.includes('r'),
    writable: access.includes('w'),
  };
  return [[path, facts]];
}
