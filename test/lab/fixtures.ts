import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FixtureExpectation, type FixtureName, fixtureList } from './fixture-list.ts';
import { labPath } from './lab-dir.ts';
import { withLock } from './lock.ts';
import { type FixtureSet, fixturePrefix, fixtureServer, makeFixtureSet, setOf } from './make-fixtures.ts';

/** A backup in a bucket, and what a restore of it must hold. */
export interface Fixture {
  readonly name: FixtureName;
  readonly kind: 'barman' | 'pg_basebackup';
  readonly bucket: string;
  readonly prefix: string;
  /** barman's server name; null for pg_basebackup. */
  readonly serverName: string | null;
  /** What `odo start -u` gets. */
  readonly url: string;
  /** For `startS3`. Shared by tests: read only; use `copyFixture` to damage one. */
  readonly storageDir: string;
  readonly expected: FixtureExpectation;
}

/** Fixtures are made again when what makes them changes. */
export async function recipe(maker = 'make-fixtures.ts'): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [maker, 'sample-data.ts', 'source-cluster.ts']) {
    hash.update(await readFile(join(import.meta.dirname, file)));
  }
  return hash.digest('hex').slice(0, 10);
}

/** Sets of former recipes take space; a day old, no test uses them any more. */
export async function removeOutdated(set: string, current: string): Promise<void> {
  const all = labPath('fixtures');
  for (const name of await readdir(all)) {
    const directory = join(all, name);
    const isOfSet = name.startsWith(`${set}-`) && /^[0-9a-f]{10}/.test(name.slice(set.length + 1));
    if (!isOfSet || directory === current) continue;
    if (Date.now() - (await stat(directory)).mtimeMs > 86_400_000)
      await rm(directory, { recursive: true, force: true });
  }
}

/** Makes the set unless the lab has it. Needs the engine and its image. Returns the set's directory. */
export async function ensureFixtureSet(set: FixtureSet): Promise<string> {
  const directory = join(labPath('fixtures'), `${set}-${await recipe()}`);
  const isThere = () =>
    readFile(join(directory, 'expected.json')).then(
      () => true,
      () => false,
    );
  if (await isThere()) return directory;
  await withLock(`fixtures-${set}`, async () => {
    if (await isThere()) return;
    await makeFixtureSet(set, directory);
    await removeOutdated(set, directory);
  });
  return directory;
}

/** The fixture of that name; made by the real tools the first time. */
export async function fixture(name: FixtureName): Promise<Fixture> {
  const directory = await ensureFixtureSet(setOf(name));
  const all = JSON.parse(await readFile(join(directory, 'expected.json'), 'utf8')) as Record<
    string,
    FixtureExpectation
  >;
  const expected = all[name];
  if (expected === undefined) throw new Error(`${directory} has no expectation for ${name}`);
  const { kind } = fixtureList[name];
  return {
    name,
    kind,
    bucket: name,
    prefix: fixturePrefix,
    serverName: kind === 'barman' ? fixtureServer : null,
    url:
      kind === 'barman' ? `s3://${name}/${fixturePrefix}/${fixtureServer}` : `s3://${name}/${fixturePrefix}`,
    storageDir: join(directory, 's3'),
    expected,
  };
}

/** The same bucket in a storage directory of the test's own, where objects may be removed or damaged. */
export async function copyFixture(original: Fixture, storageDir: string): Promise<Fixture> {
  await mkdir(storageDir, { recursive: true });
  await cp(join(original.storageDir, original.bucket), join(storageDir, original.bucket), {
    recursive: true,
    preserveTimestamps: true,
  });
  return { ...original, storageDir };
}
