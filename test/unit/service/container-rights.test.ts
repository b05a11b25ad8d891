import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ContainerCreateOptions, Docker } from '../../../src/docker/client.ts';
import { withImageContainer } from '../../../src/service/image-container.ts';
import { ContainerLauncher } from '../../../src/service/launcher-container.ts';
import { HelperContainer } from '../../../src/target/helper-container.ts';
import { expectFewRights, filesOfOthers } from '../../support/container-rights.ts';
import { distinctSecrets, leaksIn } from '../../support/distinct-secrets.ts';

const signal = new AbortController().signal;
const notAgain = new Error('not started');

/** An engine that notes what is to be created, and starts nothing. */
function notingEngine(): { docker: Docker; created: ContainerCreateOptions[] } {
  const created: ContainerCreateOptions[] = [];
  const docker = {
    volumes: { inspect: async () => ({ Name: 'any' }) },
    images: { inspect: async () => ({ Id: 'any' }) },
    containers: {
      inspect: async () => null,
      create: async (options: ContainerCreateOptions) => {
        created.push(options);
        return 'id';
      },
      start: async () => {
        throw notAgain;
      },
      remove: async () => {},
    },
  };
  return { docker: docker as unknown as Docker, created };
}

const launcherOf = (docker: Docker): ContainerLauncher =>
  new ContainerLauncher({
    docker,
    runId: '20260102-030405-abcd',
    spec: {
      kind: 'container',
      image: 'postgres:17',
      pgdata: '/var/lib/postgresql/data',
      mountPoint: '/var/lib/postgresql/data',
      owner: { uid: 999, gid: 999 },
    },
    mounts: {
      data: { type: 'volume', source: 'data', destination: '/var/lib/postgresql/data' },
      work: { type: 'volume', source: 'work' },
    },
  });

const helperOf = (docker: Docker, runId: string | null) =>
  new HelperContainer(docker, { name: 'odo-x', volume: 'data', image: 'postgres:17', runId });

interface Container {
  readonly create: (docker: Docker) => Promise<unknown>;
  readonly user: string | undefined;
  readonly network: 'none' | 'bridge';
  readonly capabilities: readonly string[];
  readonly mounts: readonly string[];
}

const data = '/var/lib/postgresql/data';
const containers: Readonly<Record<string, Container>> = {
  'the server of a recovery': {
    create: (docker) => launcherOf(docker).launch([], () => {}, signal),
    ...{ user: '999:999', network: 'none', capabilities: [], mounts: [data, '/odo'] },
  },
  'the server of a drill that clients of this host may ask': {
    create: (docker) => launcherOf(docker).launch([], () => {}, signal, { port: 15432 }),
    ...{ user: '999:999', network: 'bridge', capabilities: [], mounts: [data, '/odo'] },
  },
  'a program of the server': {
    create: (docker) => launcherOf(docker).runTool('pg_checksums', [], { asRoot: false, signal }),
    ...{ user: '999:999', network: 'none', capabilities: [], mounts: [data, '/odo'] },
  },
  'a program of the server that runs as root': {
    create: (docker) => launcherOf(docker).runTool('find', [], { asRoot: true, signal }),
    ...{ user: '0:0', network: 'none', capabilities: filesOfOthers, mounts: [data, '/odo'] },
  },
  'the helper that writes a volume': {
    create: (docker) => helperOf(docker, '20260102-030405-abcd').start(),
    ...{ user: '0:0', network: 'none', capabilities: filesOfOthers, mounts: ['/odo-target'] },
  },
  'the helper that looks at a volume': {
    create: (docker) => helperOf(docker, null).start(),
    ...{ user: '0:0', network: 'none', capabilities: filesOfOthers, mounts: ['/odo-target'] },
  },
  'a look into an image': {
    create: (docker) =>
      withImageContainer(docker, 'postgres:17', { argv: ['/bin/true'], signal }, async () => {}),
    ...{ user: undefined, network: 'none', capabilities: [], mounts: [] },
  },
};

beforeEach(() => {
  for (const [name, value] of Object.entries(distinctSecrets)) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

it.each(Object.keys(containers))('%s has only what it needs', async (name) => {
  const { create, user, network, capabilities, mounts } = containers[name] ?? expect.fail();
  const { docker, created } = notingEngine();
  await create(docker).catch((error: unknown) => {
    if (error !== notAgain) throw error;
  });
  expect(created).toHaveLength(1);
  const [options = expect.fail()] = created;
  const { User, HostConfig = {} } = options;
  expectFewRights(options);
  expect(User).toBe(user);
  expect(HostConfig.NetworkMode).toBe(network);
  expect([...((HostConfig.CapAdd as string[] | undefined) ?? [])].sort()).toEqual(capabilities);
  expect((HostConfig.Mounts ?? []).map(({ Target }) => Target)).toEqual(mounts);
  expect(leaksIn(JSON.stringify(created))).toEqual([]);
});

it('the helper that only looks mounts the volume read-only', async () => {
  const { docker, created } = notingEngine();
  await helperOf(docker, null)
    .start()
    .catch(() => {});
  expect(created[0]?.HostConfig).toMatchObject({ ReadonlyRootfs: true, Mounts: [{ ReadOnly: true }] });
});
