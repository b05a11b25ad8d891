import { posix } from 'node:path';
import type { BaseBackup, Tablespace } from '../backup/base-backup.ts';
import { nearest } from '../errors/nearest.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ServerMount } from '../service/server-launcher.ts';
import type { ServiceFacts, ServiceMount } from '../service/service.ts';
import type { TargetSpec } from '../target/target.ts';
import { composeLabels, mountOf, type ServerLayout } from './resolve-target.ts';
import type { RestoreRequest, TablespaceRequest } from './restore-request.ts';

/** Where a tablespace goes unless `--tablespace` says otherwise: into the data directory; see docs/tablespaces.md. */
export const tablespaceFolder = 'odo_tablespaces';

/** Where the rest of odo sees one that lies elsewhere; no file is ever at such a path of the data directory. */
const graftFolder = '.odo-tablespaces';

/** Where one tablespace of the backup goes. */
export interface ResolvedTablespace {
  readonly tablespace: Tablespace;
  /** Absolute, as the server sees it. */
  readonly serverPath: string;
  /** Relative to the data directory, in which a place of its own is grafted there. */
  readonly path: string;
  /** Null: inside the data directory. `mount`: how a container sees it; null for a server of this host. */
  readonly place: { readonly target: TargetSpec; readonly mount: ServerMount | null } | null;
}

interface Surroundings {
  readonly request: RestoreRequest;
  readonly service: ServiceFacts;
  readonly layout: ServerLayout;
}

/**
 * The place of every tablespace of the backup, from what was asked for and what the service mounts.
 * @throws PRECONDITION_FAILED for a tablespace that the backup does not have and for places that cannot be meant,
 *   SERVICE_CONFLICT for a place that the service keeps on no volume
 */
export function resolveTablespaces(
  { request, service, layout }: Surroundings,
  backup: Pick<BaseBackup, 'id' | 'tablespaces'>,
): ResolvedTablespace[] {
  const directories = chosenDirectories(request.tablespaces ?? [], backup);
  const resolved = backup.tablespaces.map((tablespace) => {
    const inside = posix.join(layout.pgdata, tablespaceFolder, tablespace.oid);
    const serverPath = directories.get(tablespace.oid) ?? inside;
    return resolveOne({ request, service, layout }, tablespace, serverPath);
  });
  requireApart(resolved);
  return resolved;
}

export const tablespaceName = ({ name, oid }: Pick<Tablespace, 'name' | 'oid'>): string => name ?? oid;

/** In the middle of a sentence. */
export const inWords = (tablespace: Pick<Tablespace, 'name' | 'oid'>): string =>
  `the tablespace ${tablespaceName(tablespace)}`;

/** `path` is `directory` or lies in it. */
export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);

const normalized = (path: string): string => posix.normalize(path).replace(/(.)\/+$/, '$1');

function refused(message: string, hint: string, code: 'PRECONDITION_FAILED' | 'SERVICE_CONFLICT'): OdoError {
  return new OdoError(code, message, { hint });
}

/** Directories by OID. */
function chosenDirectories(
  requests: readonly TablespaceRequest[],
  { id, tablespaces }: Pick<BaseBackup, 'id' | 'tablespaces'>,
): Map<string, string> {
  const chosen = new Map<string, string>();
  for (const { tablespace: wanted, directory } of requests) {
    const found = tablespaces.filter(
      ({ oid, name, location }) =>
        oid === wanted ||
        name === wanted ||
        (location !== null && normalized(location) === normalized(wanted)),
    );
    const [first, ...more] = found;
    if (first === undefined) throw unknownTablespace(id, wanted, tablespaces);
    if (more.length > 0) {
      throw refused(
        `${wanted} stands for ${found.length} tablespaces of backup ${id}.`,
        `Name it by its oid: ${found.map(describe).join(', ')}.`,
        'PRECONDITION_FAILED',
      );
    }
    const former = chosen.get(first.oid);
    if (former !== undefined && former !== normalized(directory)) {
      throw refused(
        `${capital(inWords(first))} is to go to ${former} and to ${directory}.`,
        'Give --tablespace once for each tablespace.',
        'PRECONDITION_FAILED',
      );
    }
    chosen.set(first.oid, normalized(directory));
  }
  return chosen;
}

const describe = ({ oid, name, location }: Tablespace): string =>
  `${[name, oid].filter((part) => part !== null).join(', oid ')}${location === null ? '' : ` (was ${location})`}`;

function unknownTablespace(id: string, wanted: string, tablespaces: readonly Tablespace[]): OdoError {
  if (tablespaces.length === 0) {
    const hint = 'Leave out --tablespace, or choose another backup with --backup.';
    return refused(`Backup ${id} has no tablespaces, so none named ${wanted}.`, hint, 'PRECONDITION_FAILED');
  }
  const names = tablespaces.flatMap(({ oid, name, location }) => [name, oid, location]);
  const [meant] = nearest(
    wanted,
    names.filter((name) => name !== null),
  );
  const listed = `Its tablespaces: ${tablespaces.map(describe).join('; ')}.`;
  const hint = meant === undefined ? listed : `Did you mean ${meant}? ${listed}`;
  return refused(`Backup ${id} has no tablespace ${wanted}.`, hint, 'PRECONDITION_FAILED');
}

function resolveOne(
  surroundings: Surroundings,
  tablespace: Tablespace,
  serverPath: string,
): ResolvedTablespace {
  const { pgdata, mount } = surroundings.layout;
  const what = `The place ${serverPath} for ${inWords(tablespace)}`;
  const folder = posix.join(pgdata, tablespaceFolder);
  if (
    isWithin(pgdata, serverPath) ||
    (isWithin(serverPath, pgdata) && !serverPath.startsWith(`${folder}/`))
  ) {
    throw refused(
      `${what} ${isWithin(serverPath, pgdata) ? 'lies in' : 'holds'} the data directory ${pgdata}.`,
      `Name a directory of its own, or leave the tablespace out: it then goes to ${folder}/.`,
      'PRECONDITION_FAILED',
    );
  }
  if (isWithin(serverPath, pgdata)) {
    return { tablespace, serverPath, path: posix.relative(pgdata, serverPath), place: null };
  }
  if (mount === null && surroundings.request.target.kind !== 'data-directory') {
    throw refused(
      `${what} is in a container, and no service tells what is mounted there.`,
      'Name the service with -n SERVICE -f FILE, or the container with --container NAME.',
      'SERVICE_CONFLICT',
    );
  }
  const place =
    mount === null
      ? { target: { kind: 'data-directory', path: serverPath } as const, mount: null }
      : placeOnMount(surroundings, what, serverPath);
  return { tablespace, serverPath, path: `${graftFolder}/${tablespace.oid}`, place };
}

function placeOnMount(
  { request, service, layout }: Surroundings,
  what: string,
  serverPath: string,
): NonNullable<ResolvedTablespace['place']> {
  const conflict = (why: string, hint: string) => refused(`${what} ${why}.`, hint, 'SERVICE_CONFLICT');
  const mount = mountOf(service, serverPath);
  if (mount === null) {
    throw conflict(
      `is on no volume of ${service.description}, so it would be lost with the container`,
      `Mount a volume there. ${mountedNow(service, layout)}`,
    );
  }
  const below = service.mounts.find(({ destination }) => destination.startsWith(`${serverPath}/`));
  if (below !== undefined) {
    throw conflict(
      `holds ${below.destination}, where something else is mounted`,
      'Name a directory of its own.',
    );
  }
  const isAnonymous = service.kind === 'compose' && mount.kind === 'volume' && mount.alias === null;
  if (mount.kind === 'other' || isAnonymous) {
    throw conflict(
      `lies on ${mount.source} at ${mount.destination}, which odo does not restore to`,
      `Mount a named volume or a directory there. ${mountedNow(service, layout)}`,
    );
  }
  if (request.target.kind === 'new-volume' && mount.destination === layout.mountPoint) {
    throw conflict(
      `lies on the volume that the new one replaces (-V ${request.target.name})`,
      `Name a place on another volume, or leave the tablespace out: it then goes into the data directory. ${mountedNow(service, layout)}`,
    );
  }
  const subpath = posix.relative(mount.destination, serverPath);
  if (mount.kind === 'bind') {
    const path = posix.join(mount.source, subpath);
    const bind = { type: 'bind', source: path, destination: serverPath } as const;
    return { target: { kind: 'data-directory', path }, mount: bind };
  }
  const { volumeAccess: access, image } = request;
  const volume = { volume: mount.source, subpath, access, helperImage: image ?? service.image };
  return {
    target: { kind: 'docker-volume', ...volume, create: false, labels: labelsOf(service, mount) },
    mount: { type: 'volume', source: mount.source, destination: mount.destination },
  };
}

/** For a volume that Compose has not made yet: with these it takes it as its own. */
function labelsOf({ project }: ServiceFacts, { alias }: ServiceMount): Readonly<Record<string, string>> {
  return project === null || alias === null ? {} : composeLabels(project, alias);
}

/** For a hint: what else a tablespace could lie on. */
function mountedNow(service: ServiceFacts, layout: ServerLayout): string {
  const others = service.mounts.filter(({ destination }) => destination !== layout.mountPoint);
  const shown = (mount: ServiceMount) => `${mount.destination} (${mount.alias ?? mount.source})`;
  return others.length === 0
    ? `${service.description} mounts only its data.`
    : `${service.description} mounts, besides its data: ${others.map(shown).join(', ')}.`;
}

function requireApart(resolved: readonly ResolvedTablespace[]): void {
  for (const [index, one] of resolved.entries()) {
    for (const other of resolved.slice(index + 1)) {
      const overlap = overlapOf(one.serverPath, other.serverPath);
      if (overlap === null) continue;
      throw refused(
        overlapText(inWords(one.tablespace), inWords(other.tablespace), overlap, one.serverPath),
        'Give each tablespace a directory of its own.',
        'PRECONDITION_FAILED',
      );
    }
  }
}

/** How two places are in each other's way; null when they are apart. */
export const overlapOf = (one: string, other: string): 'same' | 'nested' | null =>
  one === other ? 'same' : isWithin(one, other) || isWithin(other, one) ? 'nested' : null;

export const overlapText = (one: string, other: string, overlap: 'same' | 'nested', at: string): string =>
  overlap === 'same'
    ? `${capital(one)} and ${other} would both be in ${at}.`
    : `${capital(one)} and ${other} would lie one in the other, at ${at}.`;

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
