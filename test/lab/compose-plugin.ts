import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inTree, tree } from './images.ts';
import { labPath } from './lab-dir.ts';
import { run, succeeds } from './run-command.ts';
import { say } from './say.ts';

const plugins = '/usr/local/lib/docker/cli-plugins';

/** Compose v2 as the plugin of whichever Docker client is installed; bookworm has only the first one. */
export async function installComposePlugin(): Promise<void> {
  if (await succeeds('docker', ['compose', 'version'])) return;
  say('installing the Compose plugin');
  // Fetched inside the newest tree, where apt knows that suite; the program is linked with libc alone and runs here.
  const newest = await tree(18);
  const inside = 'var/tmp/odo-lab-compose';
  await inTree(
    `mount -t proc proc "$1/proc"
     rm -rf "$1/$2"; mkdir -p "$1/$2"
     chroot "$1" apt-get update
     chroot "$1" sh -c "cd /$2 && apt-get download -o APT::Sandbox::User=root docker-compose"
     rm -rf "$1"/var/lib/apt/lists/*`,
    [newest, inside],
  );
  const [file] = (await readdir(join(newest, inside))).filter((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error('apt-get download docker-compose left no file');
  const unpacked = await mkdtemp(join(labPath(), 'compose-'));
  await run('dpkg-deb', ['-x', join(newest, inside, file), unpacked]);
  await mkdir(plugins, { recursive: true });
  await copyFile(
    join(unpacked, 'usr/libexec/docker/cli-plugins/docker-compose'),
    join(plugins, 'docker-compose'),
  );
  await chmod(join(plugins, 'docker-compose'), 0o755);
  await rm(unpacked, { recursive: true });
  await rm(join(newest, inside), { recursive: true });
  await run('docker', ['compose', 'version']);
}
