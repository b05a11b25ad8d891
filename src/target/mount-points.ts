import * as fs from 'node:fs/promises';
import { isAbsent } from './fs-errors.ts';

/**
 * Where other file systems are mounted below a directory. proc(5), mountinfo: the fifth field, with space, tab, newline
 * and backslash as octal. Empty where the system does not say (no Linux).
 * @param path without symbolic links
 */
export async function mountPointsBelow(path: string): Promise<string[]> {
  let table: string;
  try {
    table = await fs.readFile('/proc/self/mountinfo', 'utf8');
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
  return table
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((field) =>
      field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((mountPoint) => mountPoint.startsWith(`${path}/`));
}
