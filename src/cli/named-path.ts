import { join, parse } from 'node:path';

/** `drills.html` of the database orders is `drills-orders.html`. Names of servers may hold what no file name should. */
export function namedPath(path: string, database: string): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-${database.replaceAll(/[^A-Za-z0-9._-]/g, '_')}${ext}`);
}
