import { OdoError } from '../errors/odo-error.ts';
import type { Service, ServiceAnswer, ServiceFacts } from './service.ts';

export const noServiceFacts: ServiceFacts = {
  description: 'no service',
  kind: 'none',
  running: false,
  containerIds: [],
  project: null,
  image: null,
  serverMajor: null,
  pgdata: null,
  mounts: [],
  owner: null,
  superuser: null,
  database: null,
};

/** Nothing runs on the target: files are restored, and someone else starts them. */
export class NoService implements Service {
  readonly spec = { kind: 'none' } as const;

  async inspect(): Promise<ServiceFacts> {
    return noServiceFacts;
  }

  async isRunning(): Promise<boolean> {
    return false;
  }

  async stop(): Promise<void> {}

  async start(): Promise<void> {}

  async checkVolumeChange(): Promise<void> {
    throw cannotChangeVolume('Without a service there is');
  }

  async useVolume(): Promise<void> {
    throw cannotChangeVolume('Without a service there is');
  }

  async ask(): Promise<ServiceAnswer> {
    throw new OdoError('USAGE', 'Without a service there is no server to ask.', {
      hint: 'Name the service with -n SERVICE -f FILE, --container or --local.',
    });
  }

  async logTail(): Promise<string[]> {
    return [];
  }
}

/** Only a Compose file can be told to use another volume. */
export function cannotChangeVolume(who: string): OdoError {
  return new OdoError('USAGE', `${who} no Compose file in which a volume could be changed.`, {
    hint: 'Restore into the volume that is mounted with -v VOLUME, or name a Compose service with -n SERVICE -f FILE.',
  });
}
