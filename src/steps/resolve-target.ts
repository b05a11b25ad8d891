import { posix } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import type { ServiceFacts, ServiceMount } from '../service/service.ts';
import type { TargetSpec } from '../target/target.ts';
import { officialLayout } from './launcher-choice.ts';
import type { RestoreRequest } from './restore-request.ts';

/** Where the server will find its data directory. */
export interface ServerLayout {
  /** PGDATA as the server sees it. */
  readonly pgdata: string;
  /** Where the volume that holds PGDATA is mounted: PGDATA or a parent of it. */
  readonly mountPoint: string;
  /** The service's mount there; null without a service. */
  readonly mount: ServiceMount | null;
}

const covers = (mount: ServiceMount, path: string): boolean =>
  path === mount.destination || path.startsWith(`${mount.destination.replace(/\/$/, '')}/`);

/** The mount that PGDATA lies on: the deepest that covers it. */
export function mountOf(service: ServiceFacts, pgdata: string): ServiceMount | null {
  return (
    service.mounts
      .filter((mount) => covers(mount, pgdata))
      .sort((one, other) => other.destination.length - one.destination.length)[0] ?? null
  );
}

/** PGDATA and its mount: the service's own where there is one, else as the official image of the major has it. */
export function serverLayout(
  request: Pick<RestoreRequest, 'target' | 'drill'>,
  service: ServiceFacts,
  major: number | null,
): ServerLayout {
  const official = officialLayout(service.serverMajor ?? major);
  if (
    request.target.kind === 'data-directory' &&
    service.kind !== 'compose' &&
    service.kind !== 'container'
  ) {
    const { path, isVolume } = request.target;
    return isVolume === true ? { ...official, mount: null } : { pgdata: path, mountPoint: path, mount: null };
  }
  if (service.kind !== 'compose' && service.kind !== 'container') return { ...official, mount: null };
  const pgdata = service.pgdata ?? official.pgdata;
  const mount = mountOf(service, pgdata);
  // Its own volume takes the place of the service's, which is not looked into.
  if (request.drill != null) return { pgdata, mountPoint: mount?.destination ?? pgdata, mount: null };
  if (mount === null) {
    throw new OdoError(
      'SERVICE_CONFLICT',
      `${service.description} keeps its data directory ${pgdata} on no volume, so a restore would be lost with the container.`,
      { hint: 'Mount a volume there in the Compose file (or at the path PGDATA names), then start again.' },
    );
  }
  return { pgdata, mountPoint: mount.destination, mount };
}

/** The volume or directory that the request means, by its real name. */
export function resolveTarget(
  request: Pick<RestoreRequest, 'target' | 'drill' | 'volumeAccess' | 'image'>,
  service: ServiceFacts,
  layout: ServerLayout,
): TargetSpec {
  const { target } = request;
  const { mount } = layout;
  if (target.kind === 'data-directory') {
    if (mount !== null && (mount.kind !== 'bind' || mount.source !== target.path)) {
      throw new OdoError(
        'SERVICE_CONFLICT',
        `${service.description} keeps its data in ${describe(mount)}, not in the directory ${target.path}.`,
        { hint: `Restore to where the service looks: ${optionFor(mount)}.` },
      );
    }
    if (target.isVolume !== true) return { kind: 'data-directory', path: target.path };
    const inVolume = posix.relative(layout.mountPoint, layout.pgdata);
    return { kind: 'data-directory', path: posix.join(target.path, inVolume), isInVolume: true };
  }
  const common = {
    kind: 'docker-volume',
    subpath: posix.relative(layout.mountPoint, layout.pgdata),
    access: request.volumeAccess,
    helperImage: request.image ?? service.image,
  } as const;
  const present = target.kind === 'new-volume' ? target.present : target.name;
  if (mount !== null && present !== null) requireMounted(mount, present, service);
  if (request.drill != null) return { ...common, volume: target.name, create: true, labels: {} };
  if (target.kind === 'new-volume') {
    const { name, labels } = newVolume(service, target.name);
    return { ...common, volume: name, create: true, labels };
  }
  return { ...common, volume: mount?.source ?? target.name, create: false, labels: {} };
}

const describe = (mount: ServiceMount): string =>
  mount.kind === 'volume' ? `the volume ${mount.alias ?? mount.source}` : `the directory ${mount.source}`;

const optionFor = (mount: ServiceMount): string =>
  mount.kind === 'volume' ? `-v ${mount.alias ?? mount.source}` : `--data-dir ${mount.source}`;

/** The volume that an operator names must be the one that the service's data lie in. */
function requireMounted(mount: ServiceMount, name: string, service: ServiceFacts): void {
  if (mount.kind === 'volume' && (name === mount.source || name === mount.alias)) return;
  throw new OdoError(
    'SERVICE_CONFLICT',
    `${service.description} keeps its data in ${describe(mount)}, not in the volume ${name}.`,
    {
      hint: `Name where its data are: ${optionFor(mount)}${mount.kind === 'volume' ? `, or create a new volume with -V ${name}` : ''}.`,
    },
  );
}

/** In a Compose project a new volume gets the name and labels Compose would give it, so that Compose takes it as its own. */
export function newVolume(
  service: ServiceFacts,
  name: string,
): { name: string; labels: Readonly<Record<string, string>> } {
  if (service.project === null) return { name, labels: {} };
  return {
    name: `${service.project}_${name}`,
    labels: composeLabels(service.project, name),
  };
}

export const composeLabels = (project: string, alias: string): Readonly<Record<string, string>> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.volume': alias,
});
