import { describe, expect, it } from 'vitest';
import { addFindings, findingsOf, noFindings, storedFindings } from '../../../src/archive/page-findings.ts';

const wrong = (count: number) =>
  Array.from({ length: count }, (_, block) => ({ block, expected: 1, found: 2 }));
const fileOf = (path: string, wrongPages: number) =>
  findingsOf(path, { pages: 5000, wrong: wrong(Math.min(wrongPages, 1000)), wrongPages, tailBytes: 0 });

describe('what checking pages has found', () => {
  it('names the blocks of a file, or the file where they are too many or it ends inside one', () => {
    expect(fileOf('base/5/1', 2).suspects).toEqual([{ path: 'base/5/1', blocks: [0, 1] }]);
    expect(fileOf('base/5/1', 1001)).toMatchObject({
      suspectPages: 1001,
      suspects: [{ path: 'base/5/1', blocks: null }],
    });
    const cut = findingsOf('base/5/2', { pages: 3, wrong: [], wrongPages: 0, tailBytes: 1 });
    expect(cut).toMatchObject({ suspectPages: 0, suspects: [{ path: 'base/5/2', blocks: null }] });
    expect(fileOf('base/5/3', 0)).toEqual({ ...noFindings, pages: 5000 });
  });

  it('stays small however much is wrong, and its counts exact', () => {
    let all = noFindings;
    for (let n = 0; n < 1200; n++) all = addFindings(all, fileOf(`base/5/${n}`, 800));
    expect(all).toMatchObject({ pages: 6_000_000, suspectPages: 960_000, isComplete: false });
    expect(all.suspects[11]?.blocks?.length).toBe(800);
    expect(all.suspects[12]).toEqual({ path: 'base/5/12', blocks: null });
    expect(JSON.stringify(all).length).toBeLessThan(200_000);
  });

  it('out of the journal of an odo that kept no list is not taken for complete', () => {
    const older = { pages: 9, unproven: 2, damagedPages: 0, damaged: [], cutFiles: [] };
    expect(storedFindings(older)).toEqual({ pages: 9, suspectPages: 2, suspects: [], isComplete: false });
    expect(storedFindings({ ...older, unproven: 0 }).isComplete).toBe(true);
    expect(storedFindings(fileOf('base/5/1', 2))).toEqual(fileOf('base/5/1', 2));
  });
});
