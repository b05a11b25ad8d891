import { posix } from 'node:path';
import type { ContainerInspectInfo } from '../docker/client.ts';
import type { ComposeModel, ComposeMount } from './compose-model.ts';
import { engineMounts } from './container-facts.ts';
import type { ImageFacts } from './image-facts.ts';
import type { ServiceMount } from './service.ts';

/**
 * What the service mounts: as Compose resolves it, then what only its container or its image knows. An image's
 * own volume at a deeper path hides a mount above it, which is why those belong here too.
 */
export function composeMounts(
  model: ComposeModel,
  image: ImageFacts | null,
  container: ContainerInspectInfo | null,
): ServiceMount[] {
  const fromEngine = container === null ? [] : engineMounts(container);
  const anonymousAt = (destination: string): ServiceMount =>
    fromEngine.find((mount) => mount.destination === destination) ?? {
      kind: 'other',
      source: 'an anonymous volume',
      alias: null,
      destination,
    };
  const written = model.mounts.map((mount) => composeMount(mount, model, anonymousAt));
  const destinations = new Set(written.map(({ destination }) => destination));
  const more = [...fromEngine.map((mount) => mount.destination), ...(image?.volumePaths ?? [])].filter(
    (path) => !destinations.has(path),
  );
  return [...written, ...[...new Set(more)].map(anonymousAt)];
}

function composeMount(
  mount: ComposeMount,
  model: ComposeModel,
  anonymousAt: (destination: string) => ServiceMount,
): ServiceMount {
  const destination = posix.normalize(mount.target).replace(/(.)\/$/, '$1');
  const { source } = mount;
  if (mount.type === 'bind' && source) return { kind: 'bind', source, alias: null, destination };
  if (mount.type !== 'volume')
    return { kind: 'other', source: source ?? mount.type, alias: null, destination };
  if (!source) return anonymousAt(destination);
  const name = model.volumeNames.get(source) ?? source;
  // Only a part of the volume: the data directory is not where the rest of odo would look for it.
  if (mount.volume?.subpath) {
    return { kind: 'other', source: `${name} (subpath ${mount.volume.subpath})`, alias: source, destination };
  }
  return { kind: 'volume', source: name, alias: source, destination };
}
