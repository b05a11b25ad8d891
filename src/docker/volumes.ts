import type Dockerode from 'dockerode';
import type { VolumeInspectInfo } from 'dockerode';
import type { EngineCalls } from './engine-calls.ts';
import { labelFilter } from './label-filter.ts';

export interface Volumes {
  /** Null when absent. */
  inspect(name: string, signal?: AbortSignal): Promise<VolumeInspectInfo | null>;
  /**
   * The engine answers with an existing volume of that name and its old labels: the result's labels say whose it is.
   */
  create(
    name: string,
    labels: Readonly<Record<string, string>>,
    signal?: AbortSignal,
    /** Of the driver `local`: type, device and o of a mount. */
    driverOptions?: Readonly<Record<string, string>>,
  ): Promise<VolumeInspectInfo>;
  /** Absent is fine; in use is a conflict (engine-error.ts). */
  remove(name: string, signal?: AbortSignal): Promise<void>;
  list(
    filter: { readonly labels: Readonly<Record<string, string>> },
    signal?: AbortSignal,
  ): Promise<VolumeInspectInfo[]>;
}

export function volumesOf(docker: Dockerode, calls: EngineCalls): Volumes {
  const inspect: Volumes['inspect'] = (name, signal) =>
    calls.askForMaybe(`look at the volume ${name}`, signal, (options) =>
      docker.getVolume(encodeURIComponent(name)).inspect(options),
    );
  return {
    inspect,
    async create(name, labels, signal, driverOptions) {
      const what = `create the volume ${name}`;
      await calls.ask(what, signal, (options) =>
        docker.createVolume({
          Name: name,
          Labels: { ...labels },
          DriverOpts: { ...driverOptions },
          ...options,
        }),
      );
      return calls.ask(what, signal, (options) =>
        docker.getVolume(encodeURIComponent(name)).inspect(options),
      );
    },
    async remove(name, signal) {
      await calls.askForMaybe(`remove the volume ${name}`, signal, (options) =>
        docker.getVolume(encodeURIComponent(name)).remove(options),
      );
    },
    async list({ labels }, signal) {
      const { Volumes: found } = await calls.ask('list volumes', signal, (options) =>
        docker.listVolumes({ filters: { label: labelFilter(labels) }, ...options }),
      );
      return found ?? []; // null when there is none
    },
  };
}
