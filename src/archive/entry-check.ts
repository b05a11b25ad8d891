import { OdoError } from '../errors/odo-error.ts';

/** PATH_MAX of Linux: no file system takes more. A pax record holds names whose folders would exhaust the stack. */
const longestName = 4096;

/**
 * An entry's name as a path below the root of the archive: `./` and doubled slashes taken out, '' for the root itself.
 * ENTRY_REFUSED for a name that is empty, absolute, climbs out with `..`, holds a NUL or is longer than any path.
 */
export function checkedEntryPath(name: string): string {
  if (name === '') throw refused(name, 'has an empty name');
  if (name.length > longestName) {
    throw refused(`${name.slice(0, 60)}…`, `has a name of ${name.length} characters`);
  }
  if (name.includes('\0')) throw refused(name, 'has a NUL in its name');
  if (name.startsWith('/')) throw refused(name, 'has an absolute name');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(name, 'leads out of the archive with ".."');
  return parts.join('/');
}

/** What odo does not restore, with the reason; PostgreSQL's own tools never write such entries. */
export function refused(name: string, what: string): OdoError {
  return new OdoError('ENTRY_REFUSED', `The archive's entry ${JSON.stringify(name)} ${what}.`, {
    hint: 'No base backup of PostgreSQL needs such an entry. Find out who made the archive, or use another backup.',
    details: { entry: name },
  });
}
