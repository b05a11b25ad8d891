import type { Docker } from '../../docker/client.ts';
import { findCompose } from '../../service/compose-cli.ts';
import type { DoctorRequest } from '../../steps/doctor-request.ts';
import { volumeAccess } from '../../target/volume-access.ts';
import { asTold, ok, type Told, unchecked } from './finding.ts';
import { needsEngine, type Surroundings } from './surroundings.ts';

export async function examineEngine(here: Surroundings): Promise<Told[]> {
  const { request, signal } = here;
  const isNeeded = needsEngine(request);
  let docker: Docker;
  try {
    docker = await here.docker();
  } catch (error) {
    signal.throwIfAborted();
    if (isNeeded === false) return [ok('no engine answers, and this restore needs none')];
    // Without a target it is not known yet.
    return [asTold(error, isNeeded === null ? 'warning' : 'problem')];
  }
  const { version, apiVersion } = await docker.version(signal);
  const answers = `Docker ${version} (API ${apiVersion}) at ${docker.address}`;
  return [ok(answers), ...(await accessFindings(docker, request)), ...(await serviceFindings(here))];
}

/** Of a volume that is named, the target says it for that one. */
async function accessFindings(docker: Docker, request: DoctorRequest): Promise<Told[]> {
  if (needsEngine(request) === false) return [];
  try {
    const named = request.target?.kind === 'volume' ? request.target.name : null;
    const volume = named === null ? null : await docker.volumes.inspect(named);
    const access = await volumeAccess(docker, { volume: named ?? '', access: request.volumeAccess }, volume);
    if (access.kind === 'direct') return [ok(`volumes are written directly (${access.path})`)];
    const why = access.because === null ? 'as --volume-access says' : access.because;
    return [ok(`volumes are written through the engine, which is slower: ${why}`)];
  } catch (error) {
    return [asTold(error)];
  }
}

async function serviceFindings({ request, service }: Surroundings): Promise<Told[]> {
  if (request.service.kind !== 'container') return [];
  return [describe(await service())];
}

const describe = ({
  description,
  running,
  serverMajor,
  image,
}: Awaited<ReturnType<Surroundings['service']>>): Told =>
  ok(
    `${description} ${running ? 'runs' : 'is stopped'}${image === null ? '' : `, of image ${image}`}${serverMajor === null ? '' : ` with PostgreSQL ${serverMajor}`}`,
  );

/** The plugin, and what it makes of the file and the service. */
export async function examineCompose(here: Surroundings): Promise<Told[]> {
  const { request, signal } = here;
  const isNeeded = request.service.kind === 'compose';
  const docker = await here.docker().catch(() => null);
  signal.throwIfAborted();
  if (docker === null && !isNeeded) {
    return [
      unchecked('without an engine Compose was not looked for', 'Start the engine to use Compose services.'),
    ];
  }
  try {
    const { program, version } = await findCompose(docker?.address ?? '', signal);
    const found = ok(`Compose ${version.replace(/^v/, '')} (${program})`);
    if (!isNeeded || docker === null) return [found];
    return [found, describe(await here.service())];
  } catch (error) {
    signal.throwIfAborted();
    return [asTold(error, isNeeded ? 'problem' : 'warning')];
  }
}
