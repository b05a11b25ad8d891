import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { atPath } from './fs-errors.ts';
import { lstatIfThere } from './walk-directory.ts';

/** Number of the device that a directory lies on, or will. */
export async function deviceOf(path: string): Promise<string> {
  const place = await existingPart(path);
  return String((await atPath(place, () => fs.stat(place))).dev);
}

/** The nearest directory above that is there. */
export async function existingPart(path: string): Promise<string> {
  const stats = await atPath(path, () => lstatIfThere(path));
  return stats !== null || dirname(path) === path ? path : existingPart(dirname(path));
}
