import { OdoError } from '../errors/odo-error.ts';
import { officialImage } from '../postgres/server-version.ts';
import type { ServiceFacts } from '../service/service.ts';
import type { TargetSpec } from '../target/target.ts';
import type { Owner } from '../target/tree.ts';
import type { RestoreRequest } from './restore-request.ts';
import type { ServerLauncherFacts } from './server-facts.ts';
import type { StepPorts } from './step.ts';

/** Debian variant of the official image; what a volume without any other hint is made for. */
export const officialOwner: Owner = { uid: 999, gid: 999 };

/** PGDATA and where the volume that holds it is mounted, as the official image has it. */
export function officialLayout(major: number | null): { pgdata: string; mountPoint: string } {
  return major !== null && major >= 18
    ? { pgdata: `/var/lib/postgresql/${major}/docker`, mountPoint: '/var/lib/postgresql' }
    : { pgdata: '/var/lib/postgresql/data', mountPoint: '/var/lib/postgresql/data' };
}

/**
 * Recovery runs on the service's own image where there is one (same libraries, same locale), then on `--image`,
 * then on binaries of this host. A volume needs an image: host paths and uids differ inside a container.
 */
export async function chooseLauncher(
  request: RestoreRequest,
  service: ServiceFacts,
  target: TargetSpec,
  layout: { pgdata: string; mountPoint: string },
  backupMajor: number | null,
  ports: StepPorts,
): Promise<ServerLauncherFacts> {
  if (request.preparesOnly === true) return elsewhere(request, target, layout);
  const image = request.image ?? service.image;
  if (target.kind === 'docker-volume' || service.kind === 'compose' || service.kind === 'container') {
    return chooseImage(image, service, layout, backupMajor, ports);
  }
  const wanted = backupMajor ?? service.serverMajor;
  if (wanted === null) {
    return missing('The backup does not tell its PostgreSQL major', 'name the binaries with --pg-bin DIR');
  }
  const local = await ports.localBinaries(
    request.binDir ?? (request.service.kind === 'local' ? request.service.binDir : null),
    wanted,
  );
  if (local === null) {
    return missing(
      `No PostgreSQL ${wanted} was found on this host`,
      `install it or name its programs with --pg-bin DIR`,
    );
  }
  const owner = request.owner === 'auto' ? (local.owner ?? currentUser()) : request.owner;
  return {
    spec: { kind: 'local', binDir: local.binDir, owner },
    serverMajor: local.serverMajor,
    description: `PostgreSQL ${local.serverMajor} in ${local.binDir}`,
    missing: null,
  };
}

/** Nothing is run. Who writes a directory without being root can own its files alone. */
function elsewhere(
  { owner: asked }: RestoreRequest,
  target: TargetSpec,
  { pgdata }: { pgdata: string },
): ServerLauncherFacts {
  const { getuid, getgid } = process;
  const isRoot = getuid === undefined || getgid === undefined || getuid() === 0;
  const usual = target.kind === 'docker-volume' || isRoot ? officialOwner : { uid: getuid(), gid: getgid() };
  const owner = asked === 'auto' ? usual : asked;
  return {
    spec: { kind: 'elsewhere', pgdata, owner },
    serverMajor: null,
    description: 'a server that odo does not run',
    missing: null,
  };
}

async function chooseImage(
  image: string | null,
  service: ServiceFacts,
  layout: { pgdata: string; mountPoint: string },
  backupMajor: number | null,
  ports: StepPorts,
): Promise<ServerLauncherFacts> {
  const candidates = image === null ? (backupMajor === null ? [] : [officialImage(backupMajor)]) : [image];
  for (const reference of candidates) {
    const facts = await ports.image(reference);
    if (facts === null) continue;
    const serverMajor = facts.serverMajor ?? (image === service.image ? service.serverMajor : null);
    return {
      spec: {
        kind: 'container',
        image: reference,
        pgdata: layout.pgdata,
        mountPoint: layout.mountPoint,
        owner: service.owner ?? facts.owner ?? officialOwner,
      },
      serverMajor,
      description: `PostgreSQL ${serverMajor ?? 'of unknown major'} of image ${reference}`,
      imageId: facts.id ?? null,
      missing: null,
    };
  }
  return candidates.length === 0
    ? missing('No image with PostgreSQL is known for the recovery', 'name one with --image')
    : missing(
        `The engine does not have the image ${candidates.join(', ')}`,
        `pull it (docker pull ${candidates[0]}) or name another with --image`,
      );
}

const missing = (what: string, cure: string): ServerLauncherFacts => ({
  spec: null,
  serverMajor: null,
  description: 'none',
  missing: `${what}; ${cure}`,
});

function currentUser(): Owner {
  const { getuid, getgid } = process;
  if (getuid === undefined || getgid === undefined) {
    throw new OdoError('PRECONDITION_FAILED', 'This platform has no user ids, which PostgreSQL needs.');
  }
  if (getuid() === 0) {
    throw new OdoError(
      'PRECONDITION_FAILED',
      'This host has no user postgres, and PostgreSQL does not run as root.',
      {
        hint: 'Create one, or name who shall own the data directory with --owner UID:GID.',
      },
    );
  }
  return { uid: getuid(), gid: getgid() };
}
