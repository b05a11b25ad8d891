import { describe, expect, it } from 'vitest';
import { Combination } from '../../../src/backup/combination.ts';
import { parseBackupManifest } from '../../../src/postgres/backup-manifest.ts';
import { manifestText } from '../../support/manifest-text.ts';

const manifest = (files: Record<string, number>) =>
  parseBackupManifest(
    manifestText({
      files: Object.entries(files).map(([path, size]) => ({ path, size })),
      endLsn: '0/5000120',
    }),
  );

/** Newest last. */
function plan(...links: Record<string, number>[]) {
  const manifests = links.map(manifest);
  const combination = new Combination(manifests.at(-1) ?? expect.fail('no manifest'), links.length);
  const needed = manifests
    .slice(0, -1)
    .toReversed()
    .map((older) => [...combination.addOlder(older)]);
  const files = manifests.map((one, index) => Object.fromEntries(combination.filesOf(index, one)));
  return { combination, needed: needed.toReversed(), files };
}

const whole = { kind: 'whole' };
const patch = (keepBytes: number | null, isLast: boolean) => ({ kind: 'patch', keepBytes, isLast });

describe('which files of a chain make the combined backup', () => {
  it('are the newest full file and every incremental one behind it', () => {
    const { combination, needed, files } = plan(
      { 'base/5/1': 81_920, 'base/5/2': 8192, 'base/5/gone': 8192 },
      { 'base/5/INCREMENTAL.1': 16_384, 'base/5/2': 16_384, 'base/5/INCREMENTAL.gone': 12 },
      { 'base/5/INCREMENTAL.1': 12, 'base/5/INCREMENTAL.2': 24_576, PG_VERSION: 3 },
    );
    expect(files).toEqual([
      { 'base/5/1': whole },
      { 'base/5/INCREMENTAL.1': patch(81_920, false), 'base/5/2': whole },
      { 'base/5/INCREMENTAL.1': patch(null, true), 'base/5/INCREMENTAL.2': patch(16_384, true) },
    ]);
    expect(combination.missing).toEqual([]);
    expect(needed).toEqual([['base/5/1'], ['base/5/INCREMENTAL.1', 'base/5/2']]);
    expect(combination.estimatedBytes).toBe(81_920 + 16_384 + 12 + 16_384 + 24_576 + 3);
  });

  it('are found in a tablespace, and in a segment of a fork', () => {
    const { combination, needed, files } = plan(
      { 'pg_tblspc/16400/PG_17_202406281/5/16401_vm.1': 8192 },
      { 'pg_tblspc/16400/PG_17_202406281/5/INCREMENTAL.16401_vm.1': 12 },
    );
    expect(files).toEqual([
      { 'pg_tblspc/16400/PG_17_202406281/5/16401_vm.1': whole },
      { 'pg_tblspc/16400/PG_17_202406281/5/INCREMENTAL.16401_vm.1': patch(8192, true) },
    ]);
    expect(needed).toEqual([['pg_tblspc/16400/PG_17_202406281/5/16401_vm.1']]);
    expect(combination.tablespaceBytes).toEqual({ '16400': 8192 + 12 });
  });

  it('keep whole blocks only of a full file that was copied while it grew', () => {
    expect(plan({ '1': 12_288 }, { 'INCREMENTAL.1': 12 }).files[1]).toEqual({
      'INCREMENTAL.1': patch(8192, true),
    });
  });

  it.each([
    ['an older backup lacks it', [{ '1': 8192 }, {}, { 'INCREMENTAL.1': 12 }], 1],
    ['the full backup lacks it', [{}, { 'INCREMENTAL.1': 12 }, { 'INCREMENTAL.1': 12 }], 0],
    ['the full backup has it incremental', [{ 'INCREMENTAL.1': 12 }, { 'INCREMENTAL.1': 12 }], 0],
  ])('are told to be missing when %s', (_, links, link) => {
    expect(plan(...links).combination.missing).toEqual([{ path: '1', link }]);
  });
});
