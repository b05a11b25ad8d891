import type Dockerode from 'dockerode';
import type { ImageInspectInfo } from 'dockerode';
import type { EngineCalls } from './engine-calls.ts';

export interface Images {
  /** By reference or id; null when the engine has no such image. Never pulls. */
  inspect(image: string, signal?: AbortSignal): Promise<ImageInspectInfo | null>;
}

export function imagesOf(docker: Dockerode, calls: EngineCalls): Images {
  return {
    inspect: (image, signal) =>
      calls.askForMaybe(`look at the image ${image}`, signal, (options) =>
        // The slashes of a reference are the path's own (API: GET /images/{name}/json).
        docker
          .getImage(image.split('/').map(encodeURIComponent).join('/'))
          .inspect(options as Dockerode.ImageInspectOptions),
      ),
  };
}
