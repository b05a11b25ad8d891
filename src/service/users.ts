import type { Owner } from '../target/tree.ts';

export interface UserEntry extends Owner {
  readonly name: string;
  readonly home: string;
}

/** passwd(5) */
export function parsePasswd(text: string): UserEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid, , home] = line.split(':');
    if (!name || uid === undefined || gid === undefined || !/^\d+$/.test(uid) || !/^\d+$/.test(gid))
      return [];
    return [{ name, uid: Number(uid), gid: Number(gid), home: home ?? '' }];
  });
}

/** group(5), by name. */
export function parseGroups(text: string): ReadonlyMap<string, number> {
  const rows = text.split('\n').map((line) => line.split(':'));
  return new Map(
    rows.flatMap(([name, , gid]) => (name && gid && /^\d+$/.test(gid) ? [[name, Number(gid)]] : [])),
  );
}

/**
 * Who a container's `user` setting means (`999:999`, `postgres`, `26`), with its passwd and group files, as the
 * engine resolves it: a uid without an entry has gid 0. Null for a name that is not there.
 */
export function resolveUser(
  setting: string,
  users: readonly UserEntry[],
  groups: ReadonlyMap<string, number>,
): Owner | null {
  const [user = '', group] = setting.split(':');
  const entry = users.find(({ name, uid }) => name === user || String(uid) === user);
  const uid = entry?.uid ?? (/^\d+$/.test(user) ? Number(user) : null);
  if (uid === null) return null;
  if (group === undefined || group === '') return { uid, gid: entry?.gid ?? 0 };
  const gid = groups.get(group) ?? (/^\d+$/.test(group) ? Number(group) : null);
  return gid === null ? null : { uid, gid };
}

/**
 * Who owns the data directory that a container keeps. Images that begin as root (the official one) hand over to
 * their user postgres; an image or a service that names another user runs all of PostgreSQL as that user.
 */
export function serverOwner(
  setting: string,
  users: readonly UserEntry[],
  groups: ReadonlyMap<string, number>,
): Owner | null {
  const named = setting === '' ? null : resolveUser(setting, users, groups);
  return named !== null && named.uid !== 0 ? named : resolveUser('postgres', users, groups);
}
