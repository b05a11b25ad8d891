import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Links of a built site to a file or heading that it does not have. VitePress itself looks at pages only, and not at those
 * of its landing.
 */
export function brokenLinks(directory: string, base = '/'): readonly string[] {
  const pages = new Map(
    readdirSync(directory)
      .filter((name) => name.endsWith('.html'))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
  const leadsSomewhere = (page: string, path: string, anchor: string | undefined): boolean => {
    const file = path === '' ? page : path.slice(path.startsWith(base) ? base.length : 0) || 'index.html';
    if (!existsSync(join(directory, file))) return false;
    return anchor === undefined || (pages.get(file)?.includes(`id="${decodeURIComponent(anchor)}"`) ?? false);
  };
  const broken = [...pages].flatMap(([page, html]) =>
    [...html.matchAll(/href="([^"#:]*)(?:#([^"]+))?"/g)]
      .filter(([, path = '', anchor]) => !leadsSomewhere(page, path, anchor))
      .map(([, path, anchor]) => `${page} leads to ${path}${anchor === undefined ? '' : `#${anchor}`}`),
  );
  return [...new Set(broken)];
}
