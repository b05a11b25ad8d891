import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seekIndexVersion, stretchesOf, usableIndex } from '../../../src/archive/seek-index.ts';
import { TarReader } from '../../../src/archive/tar-reader.ts';
import { inputs } from './hostile-inputs.ts';

const object = { etag: 'abc', sizeBytes: 100_000_000 };
const entry = {
  path: 'base/5/1',
  kind: 'file',
  sizeBytes: 5000,
  mode: 0o600,
  modifiedAt: 0,
  linkTarget: null,
  nameIsExact: true,
};
const point = (compressedBytes: number) => ({
  decoder: { codec: 'none', compressedBytes, outputBytes: compressedBytes },
  tar: { ...new TarReader().state(), offset: compressedBytes, mode: 'data', remaining: 100, entry },
  memberCrc: null,
  fileHash: 5,
});
const index = {
  formatVersion: seekIndexVersion,
  ...object,
  points: [point(30_000_000), point(60_000_000), point(90_000_000)],
};

/** Every place in it where a value stands. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

it('a seek index that somebody laid beside a backup is one in its form, or not used', () => {
  expect(usableIndex(index, object)).toEqual(index);
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, -1, 2 ** 60, 1.5, 'NaN', [], {}, '../../etc/passwd', '/etc/passwd'),
  );
  const change = fc.tuple(fc.constantFrom(...pathsOf(index)), odd);
  let used = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
      const root: Record<string, unknown> = { index: structuredClone(index) };
      for (const [path, value] of changes) {
        let at: unknown = root;
        for (const key of ['index', ...path].slice(0, -1)) at = (at as Record<string, unknown> | null)?.[key];
        if (typeof at === 'object' && at !== null) Reflect.set(at, ['index', ...path].at(-1)!, value);
      }
      const found = usableIndex(root.index, object);
      if (found === null) return;
      used++;
      for (const { start } of stretchesOf(found.points, object.sizeBytes, 4)) {
        const reader = new TarReader(start?.tar);
        expect(reader.offset).toBeGreaterThanOrEqual(0);
        expect(`/${reader.entry?.path}/`).not.toMatch(/^\/\/|\/\.\.\//);
      }
    }),
    { numRuns: inputs },
  );
  expect(used).toBeGreaterThan(inputs / 100);
});
