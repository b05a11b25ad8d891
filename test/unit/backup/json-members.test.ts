import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonMembers } from '../../../src/backup/wal-g/json-members.ts';

/** Every member with its literal, read in pieces of the given size. */
function membersOf(text: string, pieceBytes = 3): [string, string | null][] {
  const found: [string, string | null][] = [];
  const members = new JsonMembers((path, literal) => found.push([JSON.stringify(path), literal]));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) members.feed(bytes.subarray(at, at + pieceBytes));
  members.finish();
  return found;
}

/** The same from a text that is parsed at once. */
function expected(value: unknown, path: readonly string[] = []): [string, string | null][] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => expected(item, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const way = [...path, name];
    const isLiteral = member === null || ['number', 'boolean'].includes(typeof member);
    return [[JSON.stringify(way), isLiteral ? JSON.stringify(member) : null], ...expected(member, way)];
  });
}

describe('the members of a large JSON', () => {
  it('are those that a parser finds, wherever it is cut into pieces', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(undefined, 2),
        (value, pieceBytes, indent) => {
          const text = JSON.stringify(value, null, indent);
          expect(membersOf(text, pieceBytes)).toEqual(expected(JSON.parse(text)));
        },
      ),
    );
  });

  it.each([
    '',
    '{',
    '{"a": 1',
    '{"a": [1, 2}',
    '{"a"}}',
    '{"a": 1} x',
    '"text"',
    '17',
    '{1: 2}',
    `{"${'x'.repeat(70_000)}": 1}`,
    '{"a":'.repeat(100),
    '{"\\u12": 1}',
  ])('are refused in %j', (text) => {
    expect(() => membersOf(text)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
  });

  it('need no memory for what is passed over', () => {
    const members = new JsonMembers(() => {});
    members.feed(Buffer.from('{"a": "'));
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let i = 0; i < 16; i++) members.feed(piece);
    members.feed(Buffer.from('"}'));
    expect(() => members.finish()).not.toThrow();
  });
});
