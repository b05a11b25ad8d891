import { join } from 'node:path';
import { officialImage, supportedMajors } from '../../postgres/server-version.ts';
import { imageFacts } from '../../service/image-facts.ts';
import { findAllBinaries, findLocalBinaries } from '../../service/local-binaries.ts';
import { asTold, ok, problem, type Told, warning } from './finding.ts';
import { isThere } from './programs.ts';
import { needsBinaries, needsEngine, type Surroundings } from './surroundings.ts';

/** Programs beside `postgres` that a restore calls. */
const companions = ['pg_ctl', 'psql', 'pg_controldata'];

/** What could run PostgreSQL for the recovery: programs of this host, or an image of the engine. */
export async function examineServer(here: Surroundings): Promise<Told[]> {
  // It tells the major; a store that is away has its own line.
  const wanted = (await here.store())?.backups?.newest.serverMajor ?? null;
  const { request } = here;
  return [
    ...(needsEngine(request) === true ? await imageFindings(here, wanted) : []),
    ...(needsBinaries(request) === false ? [] : await binaryFindings(here, wanted)),
  ];
}

async function binaryFindings({ request }: Surroundings, wanted: number | null): Promise<Told[]> {
  const isNeeded = needsBinaries(request) === true;
  const tell = isNeeded ? problem : warning;
  if (request.binDir !== null) {
    try {
      const found = await findLocalBinaries(request.binDir, 0);
      return found === null
        ? []
        : await judge([{ major: found.serverMajor, binDir: found.binDir }], wanted, tell);
    } catch (error) {
      return [asTold(error)];
    }
  }
  const all = await findAllBinaries(supportedMajors);
  if (all.length > 0) return judge(all, wanted, tell);
  return [
    tell(
      `no PostgreSQL is installed here (${supportedMajors[0]} to ${supportedMajors.at(-1)} were looked for)`,
      `${isNeeded ? '' : 'To restore into directories of this host: '}install the backup’s major, or name its programs: --pg-bin DIR`,
    ),
  ];
}

async function judge(
  all: readonly { readonly major: number; readonly binDir: string }[],
  wanted: number | null,
  tell: typeof problem,
): Promise<Told[]> {
  const list = all.map(({ major, binDir }) => `${major} (${binDir})`).join(', ');
  if (wanted !== null && !all.some(({ major }) => major === wanted)) {
    return [
      tell(
        `the newest backup is of PostgreSQL ${wanted}, and here is ${list}`,
        `Install PostgreSQL ${wanted}, or name its programs: --pg-bin DIR`,
      ),
    ];
  }
  const bare = await Promise.all(
    all
      .filter(({ major }) => wanted === null || major === wanted)
      .map(async ({ binDir }) => {
        const there = await Promise.all(companions.map((name) => isThere(join(binDir, name))));
        const missing = companions.filter((_, index) => !there[index]);
        return missing.length === 0
          ? []
          : [
              tell(
                `${binDir} has no ${missing.join(', ')}`,
                'Install the client programs of that PostgreSQL too.',
              ),
            ];
      }),
  );
  return [ok(`PostgreSQL ${list}`), ...bare.flat()];
}

async function imageFindings(here: Surroundings, wanted: number | null): Promise<Told[]> {
  const { request, signal } = here;
  const docker = await here.docker().catch(() => null);
  const service = await here.service().catch(() => null);
  // Both have lines of their own.
  if (docker === null || service === null) return [];
  const image = request.image ?? service.image ?? (wanted === null ? null : officialImage(wanted));
  if (image === null) {
    const official = supportedMajors.map(officialImage);
    const there = await Promise.all(official.map((one) => docker.images.inspect(one, signal)));
    const found = official.filter((_, index) => there[index] !== null);
    return [
      found.length === 0
        ? warning(
            'the engine has no image postgres:MAJOR, with which a restore recovers',
            'docker pull postgres:MAJOR of the backup, or name an image: --image REF',
          )
        : ok(`images ${found.join(', ')} to recover with`),
    ];
  }
  const facts = await imageFacts(docker, image, { signal });
  if (facts === null) {
    return [
      problem(
        `the engine does not have the image ${image}, with which a restore recovers`,
        `docker pull ${image}, or name another: --image REF`,
      ),
    ];
  }
  const major = facts.serverMajor ?? service.serverMajor;
  if (wanted !== null && major !== null && wanted !== major) {
    return [
      problem(
        `the newest backup is of PostgreSQL ${wanted}, and the image ${image} has ${major}`,
        `Use an image of PostgreSQL ${wanted} in the Compose file, or name one: --image REF`,
      ),
    ];
  }
  return [ok(`PostgreSQL ${major ?? 'of unknown major'} of image ${image}`)];
}
