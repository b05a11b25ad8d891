import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { run, succeeds } from './run-command.ts';
import { say } from './say.ts';

const environment = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };

interface NeededPackage {
  readonly package: string;
  /** A file or command that shows that what it brings is already there, from wherever it came. */
  readonly present: () => Promise<boolean>;
}

const needed: readonly NeededPackage[] = [
  { package: 'docker.io', present: () => commandExists('dockerd') },
  { package: 'debootstrap', present: () => commandExists('debootstrap') },
  { package: 'iptables', present: () => commandExists('iptables') },
  { package: 'tar', present: () => commandExists('tar') },
  // Not the lab's own: archives as barman writes them, and what other users see of a process.
  { package: 'python3', present: () => commandExists('python3') },
  { package: 'lz4', present: () => commandExists('lz4') },
  { package: 'bzip2', present: () => commandExists('bzip2') },
  { package: 'xz-utils', present: () => commandExists('xz') },
  { package: 'procps', present: () => commandExists('ps') },
  // Looks at unit files.
  { package: 'systemd', present: () => commandExists('systemd-analyze') },
  // Servers and mounts that backups are read from.
  { package: 'openssh-server', present: async () => existsSync('/usr/sbin/sshd') },
  { package: 'nginx-light', present: async () => existsSync('/usr/sbin/nginx') },
  { package: 's3fs', present: () => commandExists('s3fs') },
  { package: 'postgresql', present: async () => (await installedServers()).length > 0 },
];

function commandExists(name: string): Promise<boolean> {
  return succeeds('sh', ['-c', `command -v ${name}`]);
}

/** Only for who asks for it by name: large, or one file of tests needs it. */
const onRequest: readonly NeededPackage[] = [
  { package: 'xfsprogs', present: () => commandExists('mkfs.xfs') },
  // A compiler, for what stands between a program and the system.
  { package: 'gcc', present: () => commandExists('gcc') },
  { package: 'libc6-dev', present: async () => existsSync('/usr/include/stdlib.h') },
  { package: 'chromium', present: () => commandExists('chromium') },
  { package: 'zsh', present: () => commandExists('zsh') },
  { package: 'fish', present: () => commandExists('fish') },
  { package: 'tmux', present: () => commandExists('tmux') },
  { package: 'man-db', present: () => commandExists('man') },
  { package: 'mandoc', present: () => commandExists('mandoc') },
  // A browser without a font draws nothing.
  { package: 'fonts-dejavu-core', present: async () => existsSync('/usr/share/fonts/truetype/dejavu') },
];

/** Directories with Debian's server binaries, newest major first. */
export async function installedServers(): Promise<{ major: number; binDir: string }[]> {
  const majors = await readdir('/usr/lib/postgresql').catch(() => []);
  return majors
    .map((name) => ({ major: Number(name), binDir: `/usr/lib/postgresql/${name}/bin` }))
    .filter((found) => existsSync(`${found.binDir}/postgres`))
    .sort((a, b) => b.major - a.major);
}

/** Installs what is missing, and nothing else; needs root only then. */
export async function installPackages(only?: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const item of only ? [...needed, ...onRequest] : needed) {
    if (only && !only.includes(item.package)) continue;
    if (!(await item.present())) missing.push(item.package);
  }
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0)
    throw new Error(`Missing packages ${missing.join(', ')}; installing them needs root.`);

  say(`installing ${missing.join(', ')}`);
  if (missing.includes('postgresql')) {
    // The package would otherwise make a cluster of its own and start it on 5432.
    await mkdir('/etc/postgresql-common/createcluster.d', { recursive: true });
    await writeFile('/etc/postgresql-common/createcluster.d/odo-lab.conf', 'create_main_cluster = false\n');
  }
  const install = () =>
    run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env: environment });
  await run('apt-get', ['update'], { env: environment });
  await install();
}

/** The mirror that this machine's own apt uses; the lab asks no other. */
export async function debianMirror(): Promise<string> {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  const directory = '/etc/apt/sources.list.d';
  const files = (await readdir(directory).catch(() => [])).filter((name) => /\.(sources|list)$/.test(name));
  const texts = await Promise.all(
    ['/etc/apt/sources.list', ...files.map((name) => `${directory}/${name}`)].map((file) =>
      readFile(file, 'utf8').catch(() => ''),
    ),
  );
  for (const text of texts) {
    for (const stanza of text.split(/\n\s*\n/)) {
      const suites = /^Suites:\s*(.*)$/m.exec(stanza)?.[1]?.split(/\s+/) ?? [];
      const uri = /^URIs:\s*(\S+)/m.exec(stanza)?.[1];
      if (uri !== undefined && codename !== undefined && suites.includes(codename)) return uri;
    }
    for (const line of text.split('\n')) {
      const found = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s/.exec(line);
      if (found?.[1] !== undefined && found[2] === codename) return found[1];
    }
  }
  throw new Error(
    `No Debian mirror for ${codename ?? 'this system'} in /etc/apt/sources.list or ${directory}`,
  );
}
