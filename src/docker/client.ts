import type Dockerode from 'dockerode';
import { OdoError } from '../errors/odo-error.ts';
import { type Containers, containersOf } from './containers.ts';
import { EngineCalls } from './engine-calls.ts';
import { engineUnreachable, repeatsWhereOneIs } from './engine-error.ts';
import { type Images, imagesOf } from './images.ts';
import { type Volumes, volumesOf } from './volumes.ts';
import { withWholeAnswers } from './whole-answers.ts';

export type {
  ContainerCreateOptions,
  ContainerInfo,
  ContainerInspectInfo,
  ImageInspectInfo,
  VolumeInspectInfo,
} from 'dockerode';

export interface EngineInfo {
  /** Of the machine it runs on. */
  readonly hostName: string;
  /** Where it keeps its volumes, in `volumes`. */
  readonly rootDirectory: string;
  /** Uids in its containers are others outside (rootless, userns-remap). */
  readonly remapsUsers: boolean;
}

/** A Docker engine that answered. Every error is an OdoError; see engine-error.ts for not found and conflict. */
export interface Docker {
  /** `unix:///var/run/docker.sock` */
  readonly address: string;
  /** Reached over a socket of this machine. It may still be forwarded from another one. */
  readonly isLocal: boolean;
  readonly volumes: Volumes;
  readonly containers: Containers;
  readonly images: Images;
  ping(signal?: AbortSignal): Promise<void>;
  version(signal?: AbortSignal): Promise<{ readonly version: string; readonly apiVersion: string }>;
  info(signal?: AbortSignal): Promise<EngineInfo>;
}

export const defaultAddress = 'unix:///var/run/docker.sock';

/** Something may listen there and never answer. */
const connectTimeoutMs = 15_000;

/** Calls that take options, which @types/dockerode leaves out. */
interface SystemCalls {
  ping(options: { abortSignal?: AbortSignal }): Promise<unknown>;
  version(options: { abortSignal?: AbortSignal }): Promise<{ Version: string; ApiVersion: string }>;
  info(options: {
    abortSignal?: AbortSignal;
  }): Promise<{ DockerRootDir: string; Name: string; SecurityOptions: string[] | null }>;
}

/** @throws OdoError ENGINE_UNREACHABLE, CONFIG_INVALID */
export async function connectDocker(
  options: { readonly address?: string; readonly signal?: AbortSignal } = {},
): Promise<Docker> {
  const address = options.address || process.env['DOCKER_HOST'] || defaultAddress;
  const docker = await openClient(address);
  const calls = new EngineCalls(address);
  const system = docker as unknown as SystemCalls;
  const client: Docker = {
    address,
    isLocal: address.startsWith('unix://'),
    volumes: volumesOf(docker, calls),
    containers: containersOf(docker, calls),
    images: imagesOf(docker, calls),
    async ping(signal) {
      await calls.ask('answer', signal, (more) => system.ping(more));
    },
    async version(signal) {
      const { Version, ApiVersion } = await calls.ask('tell its version', signal, (more) =>
        system.version(more),
      );
      return { version: Version, apiVersion: ApiVersion };
    },
    async info(signal) {
      const { DockerRootDir, Name, SecurityOptions } = await calls.ask('tell about itself', signal, (more) =>
        system.info(more),
      );
      const remapsUsers = (SecurityOptions ?? []).some((option) => /^name=(rootless|userns)\b/.test(option));
      return { hostName: Name, rootDirectory: DockerRootDir, remapsUsers };
    },
  };
  try {
    const patience = AbortSignal.timeout(connectTimeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, patience]) : patience;
    await calls.ask('answer', signal, (more) => system.ping(more), { repeats: repeatsWhereOneIs });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw engineUnreachable(error instanceof OdoError ? (error.cause ?? error) : error, address);
  }
  return client;
}

async function openClient(address: string): Promise<Dockerode> {
  // It brings an SSH client and gRPC along, for which a run without an engine need not wait.
  const { default: Dockerode } = await import('dockerode');
  try {
    if (address.startsWith('unix://')) {
      // `host` explicitly: dockerode would take the one of DOCKER_HOST and then leave the socket aside.
      return withWholeAnswers(
        new Dockerode({ host: undefined, socketPath: address.slice('unix://'.length) }),
      );
    }
    if (address === process.env['DOCKER_HOST']) return withWholeAnswers(new Dockerode()); // reads it, with DOCKER_CERT_PATH and the like
    const { hostname, port, protocol } = new URL(address);
    return withWholeAnswers(
      new Dockerode({ host: hostname, port, protocol: protocol === 'https:' ? 'https' : 'http' }),
    );
  } catch (cause) {
    throw new OdoError('CONFIG_INVALID', `${address} is not an address of a Docker engine.`, {
      hint: 'Set DOCKER_HOST to something like unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host.',
      cause,
    });
  }
}
