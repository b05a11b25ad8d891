import { join } from 'node:path';
import type { Major } from './images.ts';
import { withLock } from './lock.ts';
import { ensureNodeImage, nodeImage } from './node-image.ts';
import { run } from './run-command.ts';

const root = join(import.meta.dirname, '../..');

/** The major that Debian 12 has, and so the drill image of the lab. */
const major = 15 satisfies Major;

export const odoImage = 'odo-lab/odo';
export const drillImage = `odo-lab/odo-drill:${major}`;

/**
 * Builds the project's Dockerfile from this working copy: about two minutes the first time, some forty seconds after a change
 * of the source, a few when nothing changed.
 */
export async function ensureOdoImages(): Promise<void> {
  await withLock('odo-images', async () => {
    await ensureNodeImage();
    // The stages in between have names too, so that what is unnamed below is only what a change left behind.
    for (const [target, name] of [
      ['build', 'odo-lab/odo-build'],
      ['modules', 'odo-lab/odo-modules'],
      ['drill', drillImage],
      ['odo', odoImage],
    ] as const) {
      await run(
        'docker',
        [
          ...['build', '--quiet', '--force-rm', '--network', 'host', '--label', 'odo-lab.image=odo'],
          ...['--build-arg', `NODE_IMAGE=${nodeImage}`, '--build-arg', `PG_MAJOR=${major}`],
          ...['--target', target, '--tag', name, root],
        ],
        // The engine's own builder: no machine here has buildx.
        { env: { DOCKER_BUILDKIT: '0' } },
      );
    }
    await run('docker', ['image', 'prune', '--force', '--filter', 'label=odo-lab.image=odo']);
  });
}
