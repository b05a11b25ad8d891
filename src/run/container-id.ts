import { readFileSync } from 'node:fs';

/** Files that an engine mounts into each container from the directory it keeps for it. */
const mountedByEngine = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];

/** The id of this container with Docker or Podman; null elsewhere. It stays when the container is started again. */
export function currentContainerId(): string | null {
  try {
    return containerIdOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return null;
  }
}

/** proc(5), mountinfo: the fourth field is the directory that is mounted, the fifth where. */
export function containerIdOf(mountinfo: string): string | null {
  for (const line of mountinfo.split('\n')) {
    const [, , , root = '', mountPoint = ''] = line.split(' ');
    const id = /\/(?:overlay-)?containers\/([0-9a-f]{64})\//.exec(root)?.[1];
    // A host sees mounts of its containers as well, but not there.
    if (id !== undefined && mountedByEngine.includes(mountPoint)) return id;
  }
  return null;
}
