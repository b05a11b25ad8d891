import { nearest } from '../errors/nearest.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { BaseBackup } from './base-backup.ts';

/** How many names an error shows. */
const shownNames = 8;
const shownNear = 3;

/** The backups with that id (one for each server that has it) or, when there is none, with that name. */
export interface NamedBackups {
  readonly by: 'id' | 'name';
  readonly name: string;
  readonly matches: readonly [BaseBackup, ...BaseBackup[]];
}

/**
 * What the operator may mean by an id or a name.
 * @throws BACKUP_NOT_FOUND with what is near, or what there is
 */
export function findNamed(backups: readonly BaseBackup[], wanted: string): NamedBackups {
  const name = wanted.replace(/\/$/, '');
  for (const by of ['id', 'name'] as const) {
    const [first, ...others] = backups.filter((backup) => backup[by] === name);
    if (first !== undefined) return { by, name, matches: [first, ...others] };
  }
  const ids = backups.map(({ id }) => id);
  const near = nearNames(backups, name);
  throw new OdoError('BACKUP_NOT_FOUND', `There is no backup with the id or name ${wanted}.`, {
    hint: `${
      near.length === 0 ? `Found were ${shown(ids)}.` : `Did you mean ${near.join(' or ')}?`
    } List them with: odo backups`,
    details: { wanted, near, found: ids },
  });
}

/**
 * The one backup with that id or name, whatever its state.
 * @throws BACKUP_NOT_FOUND, CHOICE_NEEDED
 */
export function oneNamed(backups: readonly BaseBackup[], wanted: string): BaseBackup {
  const named = findNamed(backups, wanted);
  if (named.matches.length > 1) throw ambiguous(named);
  return named.matches[0];
}

export function ambiguous({ name, matches }: NamedBackups): OdoError {
  const servers = [...new Set(matches.map((match) => match.server))];
  return new OdoError('CHOICE_NEEDED', `${matches.length} backups have the id or name ${name}.`, {
    hint:
      servers.length > 1
        ? `Name the server with --server: ${shown(servers.map(String))}.`
        : `Name one by its id: ${shown(matches.map((match) => match.id))}; a restore takes the newest of them that had finished before a time with --before TIME.`,
    details: { wanted: name, matches: matches.map((match) => match.folder) },
  });
}

/** Slips of the fingers, and names of which only a piece was given. */
function nearNames(backups: readonly BaseBackup[], wanted: string): string[] {
  const known = [...new Set(backups.flatMap(({ id, name }) => (name === null ? [id] : [id, name])))];
  const pieces = wanted.length < 3 ? [] : known.filter((name) => name.includes(wanted));
  return [...new Set([...pieces.toReversed(), ...nearest(wanted, known, shownNear)])].slice(0, shownNear);
}

/** The first names of a list, and how many more there are. */
export function shown(names: readonly string[]): string {
  return names.length > shownNames
    ? `${names.slice(0, shownNames).join(', ')} and ${names.length - shownNames} more`
    : names.join(', ');
}
