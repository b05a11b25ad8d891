import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addedFirst,
  addedLast,
  applyEdits,
  type ConfigurationEdit,
  undoEdits,
} from '../../../src/postgres/edit-configuration.ts';

const edit = (line: number, replacement: string | null): ConfigurationEdit => ({
  rule: 'r',
  file: 'postgresql.conf',
  what: 'ssl',
  why: 'because',
  line,
  replacement,
});

describe('an edited configuration file', () => {
  it('shows why, what was there and what is there now', () => {
    expect(applyEdits('a = 1\nssl = on\nb = 2', [edit(2, 'ssl = off'), edit(3, null)], 'run-1')).toBe(
      [
        'a = 1',
        '# odo run-1: because',
        '#odo run-1# ssl = on',
        'ssl = off # odo run-1',
        '# odo run-1: because',
        '#odo run-1# b = 2',
        '',
      ].join('\n'),
    );
  });

  it('can get lines at its beginning and its end', () => {
    expect(applyEdits('a = 1', [edit(addedLast, 'z'), edit(addedFirst, 'y')], 't')).toBe(
      '# odo t: because\ny # odo t\na = 1\n# odo t: because\nz # odo t\n',
    );
  });

  it('is as before when the edits are undone, and keeps what another run did to it', () => {
    const line = fc.stringMatching(/^[a-z =#'\t]*\r?$/);
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(8)), (lines, places) => {
        const text = applyEdits(`${lines.join('\n')}\n`, [edit(1, null)], 'former');
        const edits = [...new Set(places)].map((place) => edit(place - 1, place % 2 === 0 ? null : 'x = 1'));
        expect(undoEdits(applyEdits(text, edits, 'run'), 'run')).toBe(text);
      }),
    );
  });
});
