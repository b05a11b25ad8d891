import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../../../src');

/** Imports that are left when types are taken away, in a file as biome formats it. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/import type [^;]*;|export type [^;]*from[^;]*;/g, '');
  return [...text.matchAll(/^(?:import|export) (?:[^;]*? from )?'([^']+)';/gm)].map(([, name]) => name ?? '');
}

/** Everything that is loaded at once with a file of ours. */
function loadedWith(entry: string): ReadonlySet<string> {
  const loaded = new Set<string>([join(source, entry)]);
  for (const file of loaded) {
    if (!existsSync(file)) continue;
    for (const name of importsOf(file)) loaded.add(name.startsWith('.') ? join(dirname(file), name) : name);
  }
  return new Set([...loaded].map((file) => (file.startsWith('/') ? relative(source, file) : file)));
}

// A second look at a run from a loaded host is not to wait for decoders and clients of stores.
test('cli/main.ts opens no journal: that is for the commands that need one', () => {
  const loaded = [...loadedWith('cli/main.ts')];
  expect(loaded.filter((name) => /^(journal\/|better-sqlite3|config\/import|cli\/init)/.test(name))).toEqual(
    [],
  );
});

test.for(['cli/main.ts', 'run/status.ts'])('%s loads no data plane, no client and no report', (entry) => {
  const loaded = [...loadedWith(entry)];
  expect(loaded.length).toBeGreaterThan(20);
  expect(
    loaded.filter((file) =>
      /^(archive|storage|backup|docker|service|machine\/restore|report\/html)\/?/.test(file),
    ),
  ).toEqual([]);
  expect(
    loaded.filter((name) => /^(@aws-sdk|@azure|dockerode|ssh2|google-auth|xstate|tar-stream)/.test(name)),
  ).toEqual([]);
});

test('a run without an engine does not load its client, nor that of any other store', () => {
  const loaded = [...loadedWith('run/run-process.ts')];
  expect(loaded).toContain('docker/client.ts');
  expect(loaded.filter((name) => /^(@azure|dockerode|ssh2|google-auth)/.test(name))).toEqual([]);
});
