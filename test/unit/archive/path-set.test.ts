import { describe, expect, it } from 'vitest';
import { PathSet } from '../../../src/archive/path-set.ts';

const paths = (count: number): string[] => Array.from({ length: count }, (_, i) => `base/16384/${i}`);

function setOf(added: readonly string[]): PathSet {
  const set = new PathSet();
  for (const path of added) set.add(path);
  return set;
}

describe('the paths of an archive', () => {
  it('are distinct, however many there are', () => {
    const set = setOf(paths(50_000));
    expect(set.allDistinct).toBe(true);
    expect(new Set(set.takeAdded()).size).toBe(50_000);
  });

  it.each([0, 1, 682, 683, 49_999])('are not when number %i comes again', (index) => {
    expect(setOf([...paths(50_000), `base/16384/${index}`]).allDistinct).toBe(false);
  });

  it('stay known to a later pass that goes on', () => {
    const first = setOf(paths(3000));
    const second = new PathSet();
    second.restore(first.takeAdded(), first.allDistinct);
    second.add('base/16384/3000');
    expect(second.allDistinct).toBe(true);
    second.add('base/16384/1234');
    expect(second.allDistinct).toBe(false);
    const third = new PathSet();
    third.restore(second.takeAdded(), second.allDistinct);
    third.add('base/1/1');
    expect(third.allDistinct).toBe(false);
  });

  it('that nobody remembers any more are taken only once', () => {
    const set = setOf(paths(3));
    expect(set.takeAdded()).toHaveLength(3);
    expect(set.takeAdded()).toEqual([]);
  });
});
