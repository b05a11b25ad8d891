import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FixtureExpectation, type FixtureName, fixtureList } from './fixture-list.ts';
import { madeOnce, recorded } from './made-once.ts';
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

/** Makes the set unless the lab has it. Needs the engine and its image. Returns the set's directory. */
export function ensureFixtureSet(set: FixtureSet): Promise<string> {
  return madeOnce(set, ['make-fixtures.ts'], (directory) => makeFixtureSet(set, directory));
}

/** The fixture of that name; made by the real tools the first time. */
export async function fixture(name: FixtureName): Promise<Fixture> {
  const directory = await ensureFixtureSet(setOf(name));
  const all = await recorded<Record<string, FixtureExpectation>>(directory);
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
export async function copyFixture<Copied extends Pick<Fixture, 'bucket' | 'storageDir'>>(
  original: Copied,
  storageDir: string,
): Promise<Copied> {
  await mkdir(storageDir, { recursive: true });
  await cp(join(original.storageDir, original.bucket), join(storageDir, original.bucket), {
    recursive: true,
    preserveTimestamps: true,
  });
  return { ...original, storageDir };
}
