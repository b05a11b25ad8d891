import { connectDocker, type Docker } from '../docker/client.ts';
import { findCompose } from '../service/compose-cli.ts';
import { type ComposeModel, readComposeModels } from '../service/compose-model.ts';
import { composeProject } from '../service/compose-project.ts';
import { openService } from '../service/open-service.ts';
import { officialLayout } from '../steps/launcher-choice.ts';
import { mountOf } from '../steps/resolve-target.ts';

/** A service of a Compose file, as far as a restore is concerned. */
export interface ServiceLook {
  readonly name: string;
  /** By its image, or by what its environment sets; for a person to agree to. */
  readonly isPostgres: boolean;
  readonly serverMajor: number | null;
  /** Where its data directory lies; null when it is not PostgreSQL, or lies on nothing that outlives the container. */
  readonly data: { readonly kind: 'volume' | 'directory'; readonly name: string } | null;
}

/** What runs PostgreSQL in this project, and where its data lie. Only such services are looked at closely. */
export async function lookAtCompose({
  file,
  project,
  signal,
}: {
  file: string;
  project: string | null;
  signal: AbortSignal;
}): Promise<readonly ServiceLook[]> {
  const docker = await connectDocker({ signal });
  const compose = await findCompose(docker.address, signal);
  const models = await readComposeModels(compose, composeProject({ file, project }, []), signal);
  const likely = likeliest(models);
  const looks: ServiceLook[] = [];
  for (const name of models.keys()) {
    looks.push(
      likely.has(name)
        ? await lookAt(name, { file, project, docker, signal })
        : { name, isPostgres: false, serverMajor: null, data: null },
    );
  }
  return looks;
}

const imageOfPostgres = /postgres|postgis|pgvector|timescale|spilo|citus/i;

/** An application has the variables of its database too, so that they count only where no image tells. */
function likeliest(models: ReadonlyMap<string, ComposeModel>): ReadonlySet<string> {
  const named = (is: (model: ComposeModel) => boolean): Set<string> =>
    new Set([...models].filter(([, model]) => is(model)).map(([name]) => name));
  const byImage = named(({ image, environment }) => imageOfPostgres.test(image) || 'PGDATA' in environment);
  return byImage.size > 0
    ? byImage
    : named(({ environment, mounts }) => mounts.length > 0 && 'POSTGRES_PASSWORD' in environment);
}

async function lookAt(
  name: string,
  {
    file,
    project,
    docker,
    signal,
  }: { file: string; project: string | null; docker: Docker; signal: AbortSignal },
): Promise<ServiceLook> {
  const service = openService(
    { kind: 'compose', service: name, file, project },
    { docker: async () => docker },
  );
  const facts = await service.inspect(signal);
  const { serverMajor } = facts;
  const mount = mountOf(facts, facts.pgdata ?? officialLayout(serverMajor).pgdata);
  return {
    name,
    isPostgres: true,
    serverMajor,
    data:
      mount === null || mount.kind === 'other'
        ? null
        : {
            kind: mount.kind === 'volume' ? 'volume' : 'directory',
            name: mount.alias ?? mount.source,
          },
  };
}
