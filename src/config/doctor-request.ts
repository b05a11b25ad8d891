import type { DoctorRequest } from '../steps/doctor-request.ts';
import type { LoadedSettings } from './load.ts';
import { madeChoices, misfits, toService, toSource, toTarget } from './request.ts';
import { choices } from './schema.ts';

/** Takes what is there: what is missing or does not fit together is for the doctor to say. */
export function toDoctorRequest(loaded: LoadedSettings, cwd: string): DoctorRequest {
  const { settings } = loaded;
  const problems: string[] = [];
  const target = madeChoices(loaded, choices.target).length === 0 ? null : toTarget(loaded, problems);
  const service = toService(loaded, cwd, problems);
  if (target !== null) problems.push(...misfits(target, service, []));
  return {
    source: settings.url === null ? null : toSource(loaded),
    walUrl: settings.walUrl,
    server: settings.server,
    target,
    drillDirectory: settings.drillDir,
    service,
    volumeAccess: settings.volumeAccess,
    image: settings.image,
    binDir: settings.pgBin,
    owner: settings.owner,
    reserveBytes: settings.reserve,
    background: settings.background,
    misfits: problems,
  };
}
