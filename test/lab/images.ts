import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianMirror } from './debian-packages.ts';
import { labPath } from './lab-dir.ts';
import { run } from './run-command.ts';
import { say } from './say.ts';

export const majors = [15, 17, 18] as const;
export type Major = (typeof majors)[number];

/** The Debian suite that has this major; its barman-cli-cloud is 3.4, 3.13 and 3.20 or newer. */
export const suites: Readonly<Record<Major, string>> = { 15: 'bookworm', 17: 'trixie', 18: 'forky' };

export function imageName(major: Major): string {
  return `odo-lab/postgres:${major}`;
}

/** The suite's tree as an image: PostgreSQL and barman's tools, no entry point. */
export function baseImage(major: Major): string {
  return `odo-lab/${suites[major]}:pg${major}`;
}

/** PGDATA and volume as the official image has them: 18 moved both. */
export function imageLayout(major: Major): { pgdata: string; volume: string } {
  return major >= 18
    ? { pgdata: `/var/lib/postgresql/${major}/docker`, volume: '/var/lib/postgresql' }
    : { pgdata: '/var/lib/postgresql/data', volume: '/var/lib/postgresql/data' };
}

const entryPoint = join(import.meta.dirname, 'image/docker-entrypoint.sh');
/** Counts up when the way a tree is made changes. */
const treeRecipe = 'tree 3';

/** The root file system of a suite with PostgreSQL and barman's cloud tools; made once, kept in the lab directory. */
export async function tree(major: Major): Promise<string> {
  const suite = suites[major];
  const directory = join(labPath('trees'), suite);
  const stamp = `${directory}.recipe`;
  if ((await readFile(stamp, 'utf8').catch(() => '')) === treeRecipe) return directory;

  say(`building the ${suite} tree for PostgreSQL ${major} (about a minute)`);
  const partial = `${directory}.partial`;
  await rm(stamp, { force: true });
  await rm(directory, { recursive: true, force: true });
  await rm(partial, { recursive: true, force: true });
  const mirror = await debianMirror();
  // debootstrap knows only the suites of its own time; sid's script serves the newer ones.
  const script = existsSync(`/usr/share/debootstrap/scripts/${suite}`) ? suite : 'sid';
  await inTree(`debootstrap --variant=minbase --include=ca-certificates "$1" "$2" "$3" "$4"`, [
    suite,
    partial,
    mirror,
    `/usr/share/debootstrap/scripts/${script}`,
  ]);
  await chmod(partial, 0o755);
  const put = async (path: string, text: string, mode = 0o644) => {
    await mkdir(join(partial, path, '..'), { recursive: true });
    await writeFile(join(partial, path), text, { mode });
  };
  await put('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
  // Mirrors that are kept at one day for long serve a suite past its date; its signature is checked all the same.
  await put('etc/apt/apt.conf.d/odo-lab', 'Acquire::Check-Valid-Until "false";\n');
  await put('etc/postgresql-common/createcluster.d/odo-lab.conf', 'create_main_cluster = false\n');
  await put(
    'etc/dpkg/dpkg.cfg.d/odo-lab',
    'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n',
  );
  // /proc: systemd-tmpfiles, which the package's own script calls from forky on, ends without it.
  await inTree(
    `mount -t proc proc "$1/proc"
     chroot "$1" groupadd -r -g 999 postgres
     chroot "$1" useradd -r -g 999 -u 999 -d /var/lib/postgresql -s /bin/bash postgres
     chroot "$1" apt-get update
     chroot "$1" apt-get install -y --no-install-recommends "postgresql-$2" barman-cli-cloud python3-boto3
     chroot "$1" apt-get clean
     rm -rf "$1"/var/lib/apt/lists/*
     sed -ri "s/^#?(listen_addresses)\\s*=.*/\\1 = '*'/" "$1/usr/share/postgresql/$2/postgresql.conf.sample"`,
    [partial, String(major)],
  );
  await rename(partial, directory);
  await writeFile(stamp, treeRecipe);
  return directory;
}

/** A shell in a mount namespace of its own: whatever it mounts is gone when it ends, however it ends. */
export async function inTree(script: string, args: readonly string[]): Promise<string> {
  const env = {
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C.UTF-8',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  };
  return run('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...args], { env });
}

function dockerfile(major: Major, base: string, recipe: string): string {
  const { pgdata, volume } = imageLayout(major);
  return `FROM ${base}
COPY docker-entrypoint.sh /usr/local/bin/
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/${major}/bin
ENV PG_MAJOR=${major} PGDATA=${pgdata} LANG=C.UTF-8
VOLUME ${volume}
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
LABEL odo-lab.recipe=${recipe}
`;
}

/** The recipe that an image in the engine was made by; empty when there is no such image. */
export function recipeOf(image: string): Promise<string> {
  return run('docker', ['image', 'inspect', '-f', '{{index .Config.Labels "odo-lab.recipe"}}', image]).catch(
    () => '',
  );
}

/** Makes odo-lab/postgres:NN in the engine unless the one there is of this recipe. */
export async function buildImage(major: Major): Promise<void> {
  const name = imageName(major);
  const base = baseImage(major);
  const baseRecipe = `${treeRecipe}, base 2`;
  const recipe = createHash('sha256')
    .update(JSON.stringify([baseRecipe, dockerfile(major, base, ''), await readFile(entryPoint, 'utf8')]))
    .digest('hex')
    .slice(0, 16);
  if ((await recipeOf(name)) === recipe) return;

  if ((await recipeOf(base)) !== baseRecipe) {
    const directory = await tree(major);
    say(`importing ${base}`);
    await inTree(
      `mkdir -p "$1/var/lib/postgresql" "$1/docker-entrypoint-initdb.d"
       chroot "$1" install -d -o postgres -g postgres -m 3777 /run/postgresql
       chroot "$1" install -d -o postgres -g postgres -m 1777 /var/lib/postgresql "$4"
       tar --numeric-owner --one-file-system -C "$1" -c . | docker import --change "$2" - "$3"`,
      [directory, `LABEL odo-lab.recipe="${baseRecipe}"`, base, imageLayout(major).pgdata],
    );
  }
  say(`building ${name}`);
  const context = await mkdtemp(join(labPath(), 'image-'));
  await writeFile(join(context, 'Dockerfile'), dockerfile(major, base, recipe));
  await copyFile(entryPoint, join(context, 'docker-entrypoint.sh'));
  await chmod(join(context, 'docker-entrypoint.sh'), 0o755);
  // `docker import` cannot set STOPSIGNAL. The engine's own builder: no machine here has buildx.
  await run('docker', ['build', '-q', '-t', name, context], { env: { DOCKER_BUILDKIT: '0' } });
  await rm(context, { recursive: true });
}
