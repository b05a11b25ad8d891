import { randomBytes } from 'node:crypto';
import type { Docker } from '../docker/client.ts';
import { helperLabel } from '../docker/labels.ts';

export interface ImageContainer {
  readonly argv: readonly [string, ...string[]];
  /** `uid:gid`; the image's own without. */
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

/** A container of the image, without network, that is gone afterwards with its anonymous volumes. */
export async function withImageContainer<Result>(
  docker: Docker,
  image: string,
  { argv, user, environment = {}, signal }: ImageContainer,
  work: (container: string) => Promise<Result>,
): Promise<Result> {
  const [program, ...args] = argv;
  const container = await docker.containers.create(
    {
      name: `odo-look-${randomBytes(6).toString('hex')}`,
      Image: image,
      Entrypoint: [program],
      Cmd: args,
      ...(user === undefined ? {} : { User: user }),
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      Labels: { [helperLabel]: 'image-facts' },
      HostConfig: {
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        LogConfig: { Type: 'json-file', Config: {} },
      },
    },
    signal,
  );
  try {
    return await work(container);
  } finally {
    await docker.containers.remove(container, { force: true });
  }
}
