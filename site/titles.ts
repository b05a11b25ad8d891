import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The page's first heading, up to a colon: what stands in the navigation. */
export function titleOf(directory: string, page: string): string {
  const [, heading = page] = /^# (.+)$/m.exec(readFileSync(join(directory, `${page}.md`), 'utf8')) ?? [];
  return heading.replace(/:.*/, '').replaceAll('`', '');
}
