import type { Docker } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import { liveStates } from '../service/container-facts.ts';
import { containerHost } from '../service/container-host.ts';
import { containerArgv } from '../service/container-tool.ts';
import { superuserCandidates } from '../service/conventions.ts';
import { environmentOf, imageFacts } from '../service/image-facts.ts';
import { openService } from '../service/open-service.ts';
import { connectionArguments, parsePostmasterFile } from '../service/postmaster-file.ts';
import { type BackupServer, connectionEnvironment, psqlArguments } from './backup-server.ts';
import type { ServerSpec } from './take-request.ts';

/** The server in a running container, asked with the image's own programs; one for each user that may be let in. */
export async function containerServers(
  spec: Exclude<ServerSpec, { kind: 'local' }>,
  docker: Docker,
  signal: AbortSignal,
): Promise<BackupServer[]> {
  const [container, description] = await containerOf(spec, docker, signal);
  const found = container === null ? null : await docker.containers.inspect(container, signal);
  if (found === null && spec.kind === 'container') {
    throw new OdoError('SERVICE_NOT_FOUND', `There is no container ${spec.container}.`, {
      hint: 'List them with: docker ps -a',
    });
  }
  if (found === null || !liveStates.has(found.State.Status)) throw notRunning(description);
  const environment = environmentOf(found.Config.Env);
  const pgdata = environment['PGDATA'] || null;
  const image = await imageFacts(docker, found.Image, { user: found.Config.User, pgdata, signal });
  const owner = image?.owner ?? null;
  const dataDirectory = image?.pgdata ?? pgdata;
  const host = containerHost(docker, {
    container: found.Id,
    description,
    pgdata: dataDirectory ?? '',
    owner,
  });
  const file = dataDirectory === null ? null : await host.readPostmasterFile(signal);
  const postmaster = parsePostmasterFile(file ?? '');
  // Without the file, the programs of the image know the image's own socket.
  const connection = postmaster === null ? [] : (connectionArguments(postmaster) ?? []);
  const user = owner === null ? 'postgres' : `${owner.uid}:${owner.gid}`;
  return superuserCandidates(environment['POSTGRES_USER']).map((name): BackupServer => {
    const reached = [...connection, '-U', name];
    const options = { user, env: connectionEnvironment(), signal };
    return {
      description,
      ask: (statements, { replication }) =>
        docker.containers.exec(
          found.Id,
          containerArgv('psql', [
            ...reached,
            ...['-d', replication ? 'replication=true' : 'postgres'],
            ...psqlArguments(statements),
          ]),
          options,
        ),
      baseBackup: (args) =>
        docker.containers.execStream(
          found.Id,
          containerArgv('pg_basebackup', [...reached, ...args]),
          options,
        ),
    };
  });
}

async function containerOf(
  spec: Exclude<ServerSpec, { kind: 'local' }>,
  docker: Docker,
  signal: AbortSignal,
): Promise<[string | null, string]> {
  if (spec.kind === 'container') return [spec.container, `container ${spec.container}`];
  const { containerIds, description } = await openService(spec, { docker: async () => docker }).inspect(
    signal,
  );
  return [containerIds[0] ?? null, description];
}

const notRunning = (description: string): OdoError =>
  new OdoError(
    'PRECONDITION_FAILED',
    `${description} does not run, and a base backup is taken of a running server.`,
    {
      hint: 'Start it, then run odo backup again.',
    },
  );
