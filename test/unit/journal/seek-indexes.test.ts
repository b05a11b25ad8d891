import { expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import * as seekIndexes from '../../../src/journal/seek-indexes.ts';

const object = (key: string) => ({ store: 's3://backups at http://localhost', key });

test('an index replaces the one before of the same object, and is gone when it is removed', () => {
  const database = openJournal(':memory:');
  for (const [key, data] of [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ] as const)
    seekIndexes.saveSeekIndex(database, { ...object(key), data, nowMs: 1 });
  expect(seekIndexes.findSeekIndex(database, object('a'))).toBe(3);
  expect(seekIndexes.findSeekIndex(database, object('b'))).toBe(2);
  expect(seekIndexes.findSeekIndex(database, { ...object('b'), store: 'elsewhere' })).toBeNull();
  seekIndexes.removeSeekIndex(database, object('a'));
  expect(seekIndexes.findSeekIndex(database, object('a'))).toBeNull();
  expect(seekIndexes.findSeekIndex(database, object('b'))).toBe(2);
});

test('the newest hundred are kept', () => {
  const database = openJournal(':memory:');
  for (let i = 0; i < 120; i++)
    seekIndexes.saveSeekIndex(database, { ...object(`key-${i}`), data: String(i), nowMs: 1000 - (i % 7) });
  const kept = Array.from({ length: 120 }, (_, i) => seekIndexes.findSeekIndex(database, object(`key-${i}`)));
  expect(kept.filter((found) => found !== null)).toHaveLength(100);
  // Just saved and yet among the oldest by their time: it is the time that counts.
  expect(kept[119 - (119 % 7)]).not.toBeNull();
  expect(kept[6]).toBeNull();
});
