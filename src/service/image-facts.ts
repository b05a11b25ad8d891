import type { Docker, ImageInspectInfo } from '../docker/client.ts';
import { isEngineTrouble } from '../docker/engine-error.ts';
import type { Owner } from '../target/tree.ts';
import { containerArgv } from './container-tool.ts';
import { withImageContainer } from './image-container.ts';
import { textInTar } from './tar-text.ts';
import { parseGroups, parsePasswd, serverOwner } from './users.ts';

/** What an image in the engine says about the PostgreSQL in it. */
export interface ImageFacts {
  readonly reference: string;
  readonly id: string;
  /** Null when there is no PostgreSQL in it that odo can find. */
  readonly serverMajor: number | null;
  readonly pgdata: string | null;
  /** Of its user postgres, or of the user it runs as. */
  readonly owner: Owner | null;
  /** The image's volume that holds PGDATA, as the official image declares it; null when none does. */
  readonly volumePath: string | null;
  readonly volumePaths: readonly string[];
}

/** What a service sets on top of its image. */
export interface ImageSettings {
  /** `user:` of a Compose service. */
  readonly user?: string | null;
  readonly pgdata?: string | null;
  readonly signal?: AbortSignal;
}

/**
 * Null when the engine does not have the image; nothing is pulled. Reads the image's users out of a container
 * that is created and never started.
 */
export async function imageFacts(
  docker: Docker,
  reference: string,
  { user, pgdata, signal }: ImageSettings = {},
): Promise<ImageFacts | null> {
  const image = await docker.images.inspect(reference, signal);
  if (image === null) return null;
  const environment = environmentOf(image.Config?.Env);
  const volumePaths = Object.keys(image.Config?.Volumes ?? {});
  const data = pgdata ?? environment['PGDATA'] ?? null;
  const files = await readFiles(docker, image.Id, ['/etc/passwd', '/etc/group'], signal);
  const [users, groups] = [parsePasswd(files['/etc/passwd'] ?? ''), parseGroups(files['/etc/group'] ?? '')];
  return {
    reference,
    id: image.Id,
    serverMajor: majorOf(environment['PG_MAJOR']) ?? (await askMajor(docker, image, signal)),
    pgdata: data,
    owner: serverOwner(user || image.Config?.User || '', users, groups),
    volumePath:
      data === null ? null : (volumePaths.filter((path) => holds(path, data)).sort(byDepth)[0] ?? null),
    volumePaths,
  };
}

const holds = (directory: string, path: string): boolean =>
  path === directory || path.startsWith(`${directory.replace(/\/$/, '')}/`);

const byDepth = (one: string, other: string): number => other.length - one.length;

/** `NAME=value` lines as the engine has them. */
export function environmentOf(entries: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (entries ?? []).map((entry) => {
      const at = entry.indexOf('=');
      return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

const majorOf = (text: string | undefined): number | null => {
  const [, major] = /^(\d{2})(?:\.|$)/.exec(text ?? '') ?? [];
  return major === undefined ? null : Number(major);
};

async function readFiles(
  docker: Docker,
  image: string,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  return withImageContainer(docker, image, { argv: ['/bin/true'], signal }, async (container) => {
    const found: Record<string, string> = {};
    for (const path of paths) {
      const tar = await docker.containers.getArchive(container, path, signal);
      if (tar === null) continue;
      const content = await textInTar(tar);
      if (content !== null) found[path] = content;
    }
    return found;
  });
}

async function askMajor(
  docker: Docker,
  image: ImageInspectInfo,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  return withImageContainer(
    docker,
    image.Id,
    { argv: containerArgv('postgres', ['-V']), signal },
    async (container) => {
      try {
        await docker.containers.start(container, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (isEngineTrouble(error)) throw error;
        return null; // no shell in it, so no PostgreSQL that could run restore_command either
      }
      await docker.containers.wait(container, signal);
      for await (const line of docker.containers.logs(container, signal ? { signal } : {})) {
        const [, version] = /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(line.text) ?? [];
        if (version !== undefined) return majorOf(version);
      }
      return null;
    },
  );
}
