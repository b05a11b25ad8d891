import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { parseLsn } from '../../../src/postgres/lsn.ts';
import {
  isOnPath,
  parseTimelineHistory,
  timelineOfSegment,
  timelinePath,
  timelinesForSegment,
} from '../../../src/postgres/timeline-history.ts';

const mib16 = 16 * 2 ** 20;
const text =
  '1\t0/C0000A0\tno recovery target specified\n\n# a comment\n3\t0/12000000\tbefore 2026-11-20 10:00:00+00\n';

describe('a timeline history file', () => {
  it('lists every ancestor with the position it was left at', () => {
    expect(parseTimelineHistory(text, 4)).toEqual([
      { timeline: 1, switchLsn: 0xc0000a0n, reason: 'no recovery target specified' },
      { timeline: 3, switchLsn: 0x12000000n, reason: 'before 2026-11-20 10:00:00+00' },
    ]);
  });

  it.each([
    ['1 nothing\n', 2],
    ['2\t0/1\tx\n1\t0/2\tx\n', 3],
    ['3\t0/1\tx\n', 3],
    ['<html>\n', 2],
  ])('is refused when it says %j', (content, timeline) => {
    expect(() => parseTimelineHistory(content, timeline)).toThrow(
      expect.objectContaining({ code: 'FORMAT_UNKNOWN' }),
    );
  });

  it('never fails with a foreign error', () => {
    const lines = fc.array(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.nat(), fc.string()).map(([id, rest]) => `${id}\t${rest}`),
      ),
    );
    fc.assert(
      fc.property(lines, fc.nat(), (content, timeline) => {
        try {
          parseTimelineHistory(content.join('\n'), timeline);
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});

describe('the path of a recovery across timelines', () => {
  const path = timelinePath(4, parseTimelineHistory(text, 4));

  it('is made of the stretches that each timeline contributes', () => {
    expect(path.map(({ timeline, begin, end }) => [timeline, begin, end])).toEqual([
      [1, 0n, 0xc0000a0n],
      [3, 0xc0000a0n, 0x12000000n],
      [4, 0x12000000n, null],
    ]);
  });

  it('contains a backup that ended before its timeline was left, and no other', () => {
    expect(isOnPath(path, 1, parseLsn('0/B000028'))).toBe(true);
    expect(isOnPath(path, 1, parseLsn('0/C0000A0'))).toBe(true);
    expect(isOnPath(path, 1, parseLsn('0/C0000A1'))).toBe(false);
    expect(isOnPath(path, 2, parseLsn('0/B000028'))).toBe(false);
    expect(isOnPath(path, 4, parseLsn('9/0'))).toBe(true);
  });

  it('takes the segment with the switch from the child, although the parent’s copy may exist', () => {
    expect(timelineOfSegment(path, 0x0b, mib16)).toBe(1);
    expect(timelineOfSegment(path, 0x0c, mib16)).toBe(3);
    expect(timelineOfSegment(path, 0x11, mib16)).toBe(3);
    expect(timelineOfSegment(path, 0x12, mib16)).toBe(4);
    expect(timelinesForSegment(path, 0x0c, mib16)).toEqual([3, 1]);
  });
});
