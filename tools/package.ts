/**
 * `npm run package [-- DIRECTORY]`: builds, and packs what is published into a tarball there (default: here). Plain
 * `npm pack` would not build first, since .npmrc lets no script run by itself.
 */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The path of the tarball. */
export function makePackage(directory: string): string {
  const run = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  run(process.execPath, [join(root, 'tools/build.ts')]);
  const packed = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', directory]),
  ) as readonly { readonly filename: string }[];
  const [{ filename } = { filename: '' }] = packed;
  return join(directory, filename);
}

if (import.meta.main) console.log(makePackage(resolve(process.argv[2] ?? '.')));
