/** With an empty name: where barman puts its keep annotations when the address it was given ends with a slash. */
const names = ['base', 'wals', 'basebackups_005', 'wal_005', 'catchup_005', ''];

/**
 * True for a folder that belongs to a backup as a whole, by its key: a search for backups does not go into it. The WAL
 * folder of WAL-G alone may hold a hundred thousand objects.
 */
export function isReservedFolder(key: string): boolean {
  return names.includes(key.split('/').at(-2) ?? '');
}
