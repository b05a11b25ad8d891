import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageLayout, imageName, type Major } from '../lab/images.ts';
import { type Psql, psqlInContainer } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** A running Compose service with an old database on a named volume, as an operator has it before a restore. */
export interface ComposeProject extends AsyncDisposable {
  readonly directory: string;
  /** Absolute path of compose.yaml. */
  readonly file: string;
  readonly project: string;
  /** Always `db`. */
  readonly service: string;
  /** Name in the Compose file: `pgdata`. */
  readonly volumeAlias: string;
  /** Real name in the engine. */
  readonly volume: string;
  /** What lets a restore of another database remove the old one. */
  readonly replaceFlags: readonly string[];
  readonly psql: Psql;
  /** `docker compose … ARGS` for this project. */
  compose(...args: string[]): Promise<string>;
  /** Until the service answers over TCP inside its container. */
  untilReady(): Promise<void>;
}

/** What the old database holds: `select * from old_rows` gives ('written before the restore'). */
export const oldRowsSql = `create table old_rows (note text); insert into old_rows values ('written before the restore');`;

function composeFile(
  major: Major,
  environment: Readonly<Record<string, string>>,
  moreVolumes: Readonly<Record<string, string>>,
): string {
  const { pgdata, volume } = imageLayout(major);
  const more = Object.entries(moreVolumes);
  return `# The shop's database. Ask operations before you touch the volume!
services:
  db:
    image: ${imageName(major)} # as in production
    restart: "no"
    environment:
${Object.entries({ PGDATA: pgdata, ...environment })
  .map(([name, value]) => `      ${name}: '${value}'`)
  .join('\n')}
    volumes:
      - pgdata:${volume} # the data directory
${more.map(([name, path]) => `      - ${name}:${path}\n`).join('')}
volumes:
  # declared here, made by Compose
  pgdata:
${more.map(([name]) => `  ${name}:\n`).join('')}`;
}

/**
 * `name` becomes the project's name: unique among tests that run at the same time. `running: false` leaves it stopped.
 * `moreVolumes`: volumes by name, and the paths where they are mounted besides the data.
 */
export async function startComposeProject(options: {
  directory: string;
  name: string;
  major: Major;
  running?: boolean;
  environment?: Readonly<Record<string, string>>;
  moreVolumes?: Readonly<Record<string, string>>;
}): Promise<ComposeProject> {
  const directory = join(options.directory, options.name);
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'compose.yaml');
  // As in the official image, `app` is made at the first start only.
  const environment = { POSTGRES_PASSWORD: 'old-password', POSTGRES_DB: 'app', ...options.environment };
  await writeFile(file, composeFile(options.major, environment, options.moreVolumes ?? {}));
  const compose = (...args: string[]) => run('docker', ['compose', '-p', options.name, '-f', file, ...args]);
  await compose('down', '-v', '--remove-orphans');
  await compose('up', '-d');
  const container = `${options.name}-db-1`;
  const psql = psqlInContainer(container, {
    user: environment['POSTGRES_USER' as keyof typeof environment] ?? 'postgres',
  });
  const untilReady = () =>
    waitUntil(`${container} accepts connections`, async () => {
      await run('docker', ['exec', container, 'pg_isready', '-q', '-h', '127.0.0.1']);
      return true;
    }).then(() => undefined);
  await untilReady();
  await psql(oldRowsSql);
  const systemIdentifier = await psql('select system_identifier from pg_control_system()');
  if (options.running === false) await compose('stop');
  return {
    directory,
    file,
    project: options.name,
    service: 'db',
    volumeAlias: 'pgdata',
    volume: `${options.name}_pgdata`,
    replaceFlags: ['--replace-system-id', systemIdentifier],
    psql,
    compose,
    untilReady,
    [Symbol.asyncDispose]: async () => {
      // The file may name a new volume by now; whatever is labelled as the project's goes too.
      await compose('down', '-v', '--remove-orphans', '-t', '2').catch(() => {});
      const left = await run('docker', [
        'volume',
        'ls',
        '-q',
        '--filter',
        `label=com.docker.compose.project=${options.name}`,
      ]);
      for (const volume of left.split('\n').filter(Boolean))
        await run('docker', ['volume', 'rm', '-f', volume]).catch(() => {});
    },
  };
}
