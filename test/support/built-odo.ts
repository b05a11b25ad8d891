import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * The program compiled as it is published, below `directory`; its `cli.js`. From source, Node's own compiler of types
 * takes memory in every thread, which no operator sees.
 */
export function buildOdo(directory: string): string {
  mkdirSync(directory, { recursive: true });
  execFileSync(join(root, 'node_modules/.bin/tsc'), [
    ...['-p', join(root, 'tsconfig.build.json'), '--outDir', join(directory, 'dist'), '--sourceMap', 'false'],
  ]);
  for (const name of ['node_modules', 'build', 'package.json'])
    symlinkSync(join(root, name), join(directory, name));
  return join(directory, 'dist/cli.js');
}
