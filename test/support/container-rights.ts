import { expect } from 'vitest';
import type { ContainerCreateOptions } from '../../src/docker/client.ts';

/** What a container of odo's may hold beside nothing: given back to one that works as root on files of others. */
export const filesOfOthers = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'];

/** What no container of odo's may have, whatever it is for. */
export function expectFewRights({ Env = [], HostConfig = {} }: ContainerCreateOptions): void {
  expect(HostConfig.CapDrop).toEqual(['ALL']);
  for (const right of (HostConfig.CapAdd as string[] | undefined) ?? [])
    expect(filesOfOthers).toContain(right);
  // It cannot gain rights by a program of its image.
  expect(HostConfig.SecurityOpt).toEqual(['no-new-privileges']);
  expect(['none', 'bridge']).toContain(HostConfig.NetworkMode);
  const published = Object.values(HostConfig.PortBindings ?? {}).flat() as { HostIp?: string }[];
  expect(published.map(({ HostIp }) => HostIp)).toEqual(
    HostConfig.NetworkMode === 'none' ? [] : ['127.0.0.1'],
  );
  // Nothing of the host but the volumes of the run, the Docker socket least of all.
  for (const { Type } of HostConfig.Mounts ?? []) expect(Type).toBe('volume');
  for (const way of ['Binds', 'Privileged', 'PidMode', 'IpcMode', 'UsernsMode', 'Devices', 'VolumesFrom'])
    expect(HostConfig, way).not.toHaveProperty(way);
  expect(Env.filter((one) => !/^(PGDATA|LC_ALL)=/.test(one))).toEqual([]);
}
