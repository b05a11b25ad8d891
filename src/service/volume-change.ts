import { OdoError } from '../errors/odo-error.ts';

/** One service's mount shall refer to another volume. */
export interface VolumeChange {
  readonly service: string;
  /** Project name as Compose resolved it; decides the real name of a volume without `name:`. */
  readonly project: string;
  /** Path in the container whose mount changes. */
  readonly destination: string;
  /** What the mount refers to now, as the file has it; null for an anonymous volume. */
  readonly fromAlias: string | null;
  readonly toAlias: string;
  /** Real name of the new volume. */
  readonly toVolume: string;
}

export function refused(file: string, change: VolumeChange, why: string): OdoError {
  return new OdoError(
    'SERVICE_CONFLICT',
    `odo cannot change the volume of the service ${change.service} in ${file}: ${why}.`,
    {
      hint:
        `Write the mount out under services.${change.service}.volumes as "- NAME:${change.destination}", with NAME under volumes, ` +
        'or restore in place with -v.',
      details: { file, service: change.service, destination: change.destination },
    },
  );
}
