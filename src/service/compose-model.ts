import { z } from 'zod';
import { OdoError } from '../errors/odo-error.ts';
import { type ComposeCli, type ComposeProject, composeMessage } from './compose-cli.ts';

const mount = z.object({
  type: z.string(),
  source: z.string().nullish(),
  target: z.string(),
  volume: z.object({ subpath: z.string().nullish() }).nullish(),
});

const service = z.object({
  image: z.string().nullish(),
  build: z.unknown().optional(),
  user: z.string().nullish(),
  environment: z.record(z.string(), z.string().nullable()).nullish(),
  volumes: z.array(mount).nullish(),
});

const volume = z.object({ name: z.string().nullish() }).nullable();

const schema = z.object({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), volume).nullish(),
});

export type ComposeMount = z.infer<typeof mount>;

/** One service as Compose resolves it: variables, `extends`, override files and all. */
export interface ComposeModel {
  readonly project: string;
  /** As Compose names it: `image:`, or `<project>-<service>` for one that is only built. */
  readonly image: string;
  readonly isBuilt: boolean;
  readonly user: string | null;
  /** Holds secrets: only single, known variables may leave it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly ComposeMount[];
  /** Real names of the project's volumes by their names in the file. */
  readonly volumeNames: ReadonlyMap<string, string>;
}

/** @throws CONFIG_INVALID, SERVICE_NOT_FOUND */
export async function readComposeModel(
  compose: ComposeCli,
  project: ComposeProject,
  name: string,
  signal: AbortSignal,
): Promise<ComposeModel> {
  const models = await readComposeModels(compose, project, signal);
  const found = models.get(name);
  if (found === undefined) throw serviceNotFound(project.files.join(', '), name, [...models.keys()]);
  return found;
}

/** Every service of the project by its name. @throws CONFIG_INVALID */
export async function readComposeModels(
  compose: ComposeCli,
  project: ComposeProject,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ComposeModel>> {
  const file = project.files.join(', ');
  // All profiles: a service that only a profile starts is started by its name all the same.
  const result = await compose.run(project, ['--profile', '*', 'config', '--format', 'json'], signal);
  if (result.exitCode !== 0) {
    throw new OdoError(
      'CONFIG_INVALID',
      `Docker Compose does not accept ${file}: ${composeMessage(result)}.`,
      {
        hint: `See what is wrong with: docker compose -f ${project.files.join(' -f ')} config`,
        details: { files: project.files },
      },
    );
  }
  const parsed = schema.safeParse(parseJson(result.stdout));
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new OdoError(
      'CONFIG_INVALID',
      `Docker Compose described ${file} in a way odo does not know (${where}).`,
      {
        hint: 'Update Docker Compose: docker compose version',
      },
    );
  }
  const { services } = parsed.data;
  return new Map(Object.entries(services).map(([name, one]) => [name, modelOf(name, one, parsed.data)]));
}

function modelOf(
  name: string,
  found: z.infer<typeof service>,
  { name: project, volumes }: z.infer<typeof schema>,
): ComposeModel {
  return {
    project,
    image: found.image ?? `${project}-${name}`,
    isBuilt: found.build !== undefined && found.build !== null,
    user: found.user ?? null,
    environment: Object.fromEntries(
      // `config` prints what Compose would read again, so a dollar sign is doubled.
      Object.entries(found.environment ?? {}).map(([key, value]) => [
        key,
        (value ?? '').replaceAll('$$', '$'),
      ]),
    ),
    mounts: found.volumes ?? [],
    volumeNames: new Map(
      Object.entries(volumes ?? {}).map(([alias, entry]) => [alias, entry?.name ?? `${project}_${alias}`]),
    ),
  };
}

export function serviceNotFound(file: string, name: string, services: readonly string[]): OdoError {
  return new OdoError('SERVICE_NOT_FOUND', `${file} has no service ${name}.`, {
    hint:
      services.length === 0
        ? 'It has no services at all; name another file with -f.'
        : `Name one of its services with -n: ${services.join(', ')}.`,
    details: { services },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
