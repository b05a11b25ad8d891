import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../..', name), 'utf8'));

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
}

const manifest = read('package.json') as Record<'dependencies' | 'devDependencies', Record<string, string>>;
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([path]) => path !== '');

test('every version in package.json is exact, and the one that is locked', () => {
  const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  for (const [name, version] of all) expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
});

test('every locked package has its checksum, and comes from the registry', () => {
  const unchecked = locked.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''));
  // npm writes none for builds of development tools for other systems.
  expect(unchecked.filter(([, { dev, optional, os }]) => !(dev && optional && os !== undefined))).toEqual([]);
  expect(locked.filter(([, { resolved }]) => /^(git|file|http:)/.test(resolved ?? ''))).toEqual([]);
});

test('no install script is run', () => {
  expect(readFileSync(join(import.meta.dirname, '../../.npmrc'), 'utf8')).toMatch(
    /^ignore-scripts *= *true$/m,
  );
});
