import { createHash } from 'node:crypto';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokenLinks } from './links.ts';
import { writeSources } from './sources.ts';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'build/site');
const stamp = join(root, 'build/site.sha256');

/** The documentation as a site in `build/site`, built unless it is there already; throws at a link that leads nowhere. */
export async function buildSite(): Promise<string> {
  writeSources(join(root, 'build/site-sources'));
  const digest = sourcesDigest();
  if (builtFrom() === digest) return directory;
  rmSync(stamp, { force: true });
  const { build } = await import('vitepress');
  await build(join(root, 'site'));
  const broken = brokenLinks(directory, process.env.ODO_SITE_BASE);
  if (broken.length > 0) throw new Error(`Links that lead nowhere:\n${broken.join('\n')}`);
  writeFileSync(stamp, digest);
  return directory;
}

function builtFrom(): string | null {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return null;
  }
}

function sourcesDigest(): string {
  const hash = createHash('sha256').update(process.env.ODO_SITE_BASE ?? '/');
  const files = globSync(['build/site-sources/**', 'site/**', 'site/.vitepress/**', 'package-lock.json'], {
    cwd: root,
    withFileTypes: true,
  });
  const names = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  for (const name of [...new Set(names)].sort()) hash.update(name).update('\0').update(readFileSync(name));
  return hash.digest('hex');
}
