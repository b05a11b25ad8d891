import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { labPath } from './lab-dir.ts';
import { withLock } from './lock.ts';

/** What every maker of backups uses. */
const common = ['sample-data.ts', 'source-cluster.ts', 'archive-segment.ts'];

/** Fixtures are made again when what makes them changes. */
async function recipe(makers: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [...makers, ...common]) hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest('hex').slice(0, 10);
}

/** Sets of former recipes take space; a day old, no test uses them any more. */
async function removeOutdated(set: string, current: string): Promise<void> {
  const all = labPath('fixtures');
  for (const name of await readdir(all)) {
    const directory = join(all, name);
    const isOfSet = name.startsWith(`${set}-`) && /^[0-9a-f]{10}/.test(name.slice(set.length + 1));
    if (!isOfSet || directory === current) continue;
    if (Date.now() - (await stat(directory)).mtimeMs > 86_400_000)
      await rm(directory, { recursive: true, force: true });
  }
}

/**
 * A set of fixtures, made unless the lab has it. `make` puts it at the directory at once, with what is recorded of it
 * in `expected.json`, when all is done; `makers` are the files of this folder that say how. Returns the directory.
 */
export async function madeOnce(
  set: string,
  makers: readonly string[],
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const directory = join(labPath('fixtures'), `${set}-${await recipe(makers)}`);
  const isThere = () =>
    readFile(join(directory, 'expected.json')).then(
      () => true,
      () => false,
    );
  if (await isThere()) return directory;
  await withLock(`fixtures-${set}`, async () => {
    if (await isThere()) return;
    await make(directory);
    await removeOutdated(set, directory);
  });
  return directory;
}

/** What was recorded when a set was made. */
export async function recorded<Facts>(directory: string): Promise<Facts> {
  return JSON.parse(await readFile(join(directory, 'expected.json'), 'utf8')) as Facts;
}
