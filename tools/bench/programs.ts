/** What the bench runs besides odo: Debian's packages, and their versions for the page. */
import { existsSync } from 'node:fs';
import { installPackages } from '../../test/lab/debian-packages.ts';
import { run } from '../../test/lab/run-command.ts';
import { say } from './bench-dir.ts';

/**
 * Absolute paths: another `aws` or `python3` earlier in PATH may be a wrapper of a version manager, whose start would be
 * measured, or a program of another version than the page says.
 */
export const programs = {
  aws: '/usr/bin/aws',
  barmanBackup: '/usr/bin/barman-cloud-backup',
  barmanRestore: '/usr/bin/barman-cloud-restore',
  barmanWalArchive: '/usr/bin/barman-cloud-wal-archive',
  bash: '/bin/bash',
  bzip2: '/usr/bin/bzip2',
  curl: '/usr/bin/curl',
  igzip: '/usr/bin/igzip',
  lbzip2: '/usr/bin/lbzip2',
  pgbackrest: '/usr/bin/pgbackrest',
  tar: '/usr/bin/tar',
  time: '/usr/bin/time',
  xz: '/usr/bin/xz',
} as const;

/** The backups are of this major; odo and the peers are told apart by their speed, not by the server's. */
export const serverBinDir = '/usr/lib/postgresql/15/bin';

const packages: Readonly<Record<string, string>> = {
  awscli: programs.aws,
  'barman-cli-cloud': programs.barmanRestore,
  bash: programs.bash,
  bzip2: programs.bzip2,
  curl: programs.curl,
  isal: programs.igzip,
  lbzip2: programs.lbzip2,
  pgbackrest: programs.pgbackrest,
  'postgresql-15': `${serverBinDir}/postgres`,
  tar: programs.tar,
  time: programs.time,
  'xz-utils': programs.xz,
};

/** For the part `decode`, which needs no server. */
export const decoderPackages: readonly string[] = ['bash', 'bzip2', 'lbzip2', 'time', 'xz-utils'];

export async function installPrograms(only: readonly string[] = Object.keys(packages)): Promise<void> {
  // Also keeps Debian from making and starting a cluster of its own.
  if (only.includes('postgresql-15')) await installPackages(['postgresql']);
  const missing = only.filter((name) => !existsSync(packages[name] ?? name));
  if (missing.length === 0) return;
  say(`installing ${missing.join(', ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  await run('apt-get', ['update'], { env });
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env });
}

export async function programVersions(): Promise<[name: string, version: string][]> {
  const first = async (command: string, args: readonly string[]): Promise<string> =>
    (await run(command, args, { all: true })).split('\n')[0] ?? '';
  return [
    ['Node', process.version],
    ['PostgreSQL', await first(`${serverBinDir}/postgres`, ['--version'])],
    ['barman-cli-cloud', await first(programs.barmanRestore, ['--version'])],
    ['pgBackRest', await first(programs.pgbackrest, ['version'])],
    ['AWS CLI', await first(programs.aws, ['--version'])],
    ['curl', (await first(programs.curl, ['--version'])).split(' ').slice(0, 2).join(' ')],
    ['igzip', await first(programs.bash, ['-c', `${programs.igzip} --version 2>&1`])],
    ['tar', await first(programs.tar, ['--version'])],
  ];
}
