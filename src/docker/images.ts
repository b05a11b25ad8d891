import type Dockerode from 'dockerode';
import type { ImageInspectInfo } from 'dockerode';
import type { EngineCalls } from './engine-calls.ts';

export interface Images {
  /** By reference or id; null when the engine has no such image. Never pulls. */
  inspect(image: string, signal?: AbortSignal): Promise<ImageInspectInfo | null>;
}

/** What dockerode's types leave out. */
interface Modem {
  dial(
    call: {
      readonly path: string;
      readonly method: string;
      readonly abortSignal: AbortSignal;
      readonly statusCodes: Readonly<Record<number, boolean | string>>;
    },
    answered: (error: unknown, answer: unknown) => void,
  ): void;
}

export function imagesOf(docker: Dockerode, calls: EngineCalls): Images {
  const modem = docker.modem as Modem;
  return {
    // dockerode's own call leaves the signal out: one that is not answered would keep odo from ending.
    inspect: (image, signal) =>
      calls.askForMaybe(
        `look at the image ${image}`,
        signal,
        ({ abortSignal }) =>
          new Promise<ImageInspectInfo>((resolve, reject) => {
            // The slashes of a reference are the path's own (API: GET /images/{name}/json).
            const path = `/images/${image.split('/').map(encodeURIComponent).join('/')}/json`;
            const statusCodes = { 200: true, 404: 'no such image', 500: 'server error' };
            modem.dial({ path, method: 'GET', abortSignal, statusCodes }, (error, answer) => {
              if (error) reject(error as Error);
              else resolve(answer as ImageInspectInfo);
            });
          }),
      ),
  };
}
