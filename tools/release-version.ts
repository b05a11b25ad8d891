/**
 * `npm run release:version`, behind `changeset version`, which has set the version in package.json: everything else that
 * names the version follows.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is unreleased becomes the version's own. */
export function releasedChangelog(text: string, version: string, date: string): string {
  if (text.includes(`\n## ${version} `)) throw new Error(`CHANGELOG.md has ${version} already.`);
  const [, unreleased] = /\n## Unreleased\n(.*?)(?=\n## |$)/s.exec(text) ?? [];
  if (unreleased === undefined || unreleased.trim() === '')
    throw new Error('CHANGELOG.md has nothing below "## Unreleased".');
  return text.replace('\n## Unreleased\n', `\n## Unreleased\n\n## ${version} - ${date}\n`);
}

/** npm keeps the version twice there. */
export function releasedLock(text: string, version: string): string {
  const lock: { packages: Record<string, object> } = JSON.parse(text);
  const released = {
    ...lock,
    version,
    packages: { ...lock.packages, '': { ...lock.packages[''], version } },
  };
  return `${JSON.stringify(released, null, 2)}\n`;
}

function release(root: string, date: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const change = (name: string, changed: (text: string) => string): void => {
    const file = join(root, name);
    writeFileSync(file, changed(readFileSync(file, 'utf8')));
  };
  change('CHANGELOG.md', (text) => releasedChangelog(text, version, date));
  change('package-lock.json', (text) => releasedLock(text, version));
  return version;
}

if (import.meta.main) {
  const version = release(join(import.meta.dirname, '..'), new Date().toISOString().slice(0, 10));
  console.log(`Commit this, then: git tag v${version} && git push origin v${version}`);
}
