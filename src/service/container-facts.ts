import type { ContainerInspectInfo, Docker } from '../docker/client.ts';
import type { ServiceMount } from './service.ts';

export function engineMounts(container: ContainerInspectInfo): ServiceMount[] {
  return container.Mounts.map((mount) => {
    const destination = mount.Destination;
    const name = (mount as { Name?: string }).Name;
    if (mount.Type === 'volume' && name) return { kind: 'volume', source: name, alias: null, destination };
    if (mount.Type === 'bind') return { kind: 'bind', source: mount.Source, alias: null, destination };
    return { kind: 'other', source: mount.Source || mount.Type || 'unknown', alias: null, destination };
  });
}

/** Being restarted counts: it is about to run. */
export const liveStates = new Set(['running', 'restarting', 'paused', 'removing']);

/** The last lines of a container's log, both streams. */
export async function containerLogTail(docker: Docker, container: string, lines: number): Promise<string[]> {
  const tail: string[] = [];
  for await (const { text } of docker.containers.logs(container, { tail: lines })) {
    tail.push(text);
    if (tail.length > lines) tail.shift();
  }
  return tail;
}
