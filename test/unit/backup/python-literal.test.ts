import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PythonValue, parsePythonLiteral } from '../../../src/backup/barman-cloud/python-literal.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';

/** Python's `repr()` of a string, as far as it matters here. */
function repr(value: PythonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    const escaped = value
      .replaceAll('\\', '\\\\')
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')
      .replaceAll(quote, `\\${quote}`);
    return quote + escaped + quote;
  }
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${repr(key)}: ${repr(item)}`)
      .join(', ')}}`;
  }
  return String(value);
}

describe('a Python literal', () => {
  it('is read as barman writes its hardest values', () => {
    expect(parsePythonLiteral(`[("ts'q", 16400, '/a b/c'), ('été"x', 16401, '/x\\'y"z')]`)).toEqual([
      ["ts'q", 16400, '/a b/c'],
      ['été"x', 16401, '/x\'y"z'],
    ]);
    expect(
      parsePythonLiteral("{'total_time': 412.73, 'n': 2, 'item': {'24601': 6.6e-05}, 't': ('x',)}"),
    ).toEqual({
      total_time: 412.73,
      n: 2,
      item: { 24601: 6.6e-5 },
      t: ['x'],
    });
  });

  it('may come from Python 2', () => {
    expect(parsePythonLiteral("[(u'ts', 16384L, u'/x')]")).toEqual([['ts', 16384, '/x']]);
  });

  it('understands every escape', () => {
    expect(parsePythonLiteral("'\\x41\\u00e9\\U0001F600\\t\\\\\\101'")).toBe('Aé😀\t\\A');
    expect(parsePythonLiteral('99999999999999999999')).toBe(99999999999999999999n);
  });

  it('survives writing and reading', () => {
    const { value } = fc.letrec<{ value: PythonValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'grapheme' }),
        fc.integer(),
        fc.constantFrom(null, true, false),
        fc.array(tie('value')),
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          tie('value'),
          { noNullPrototype: true },
        ),
      ),
    }));
    fc.assert(
      fc.property(value, (any) => {
        expect(parsePythonLiteral(repr(any))).toEqual(any);
      }),
    );
  });

  it.each(['', '[', "'open", '[1 2]', '{1}', 'None None', 'nothing', "'\\xzz'", '('.repeat(5000)])(
    'is refused when it is %j',
    (text) => {
      expect(() => parsePythonLiteral(text)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    },
  );

  it('never fails with a foreign error', () => {
    const alphabet = fc.constantFrom(...`[](){}'",:\\ NoneTrue019.eLuxU`.split(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: alphabet })), (text) => {
        try {
          parsePythonLiteral(text);
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});
