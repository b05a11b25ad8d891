import { installComposePlugin } from './compose-plugin.ts';
import { installPackages } from './debian-packages.ts';
import { startEngine } from './docker-engine.ts';
import { ensureFixtureSet } from './fixtures.ts';
import { buildImage, majors } from './images.ts';
import { withLock } from './lock.ts';
import type { FixtureSet } from './make-fixtures.ts';

/** Brings everything up that the integration tests need; quick when it is there. Safe to call from several processes. */
export async function bringUpLab(fixtureSets: readonly FixtureSet[] = ['15', '17', '18']): Promise<void> {
  await withLock('lab', async () => {
    await installPackages();
    await startEngine();
    for (const major of majors) await buildImage(major);
    await installComposePlugin();
  });
  for (const set of fixtureSets) await ensureFixtureSet(set);
}
