import { connectDocker, type Docker } from '../docker/client.ts';
import { errorCode } from '../errors/odo-error.ts';
import { DataDirectory } from './data-directory.ts';
import { DockerVolume } from './docker-volume.ts';
import type { Target, TargetSpec } from './target.ts';

/** `docker` is called when the engine is first needed, and may then throw ENGINE_UNREACHABLE. */
export function openTarget(
  spec: TargetSpec,
  options: { readonly docker?: () => Promise<Docker> } = {},
): Target {
  const docker = options.docker ?? (() => connectDocker());
  switch (spec.kind) {
    case 'data-directory':
      return new DataDirectory(spec, () => ifThere(docker));
    case 'docker-volume':
      return new DockerVolume(spec, docker);
  }
}

/** A plain directory needs no engine: without one, no container uses it. */
async function ifThere(docker: () => Promise<Docker>): Promise<Docker | null> {
  try {
    return await docker();
  } catch (error) {
    if (errorCode(error) === 'ENGINE_UNREACHABLE') return null;
    throw error;
  }
}
