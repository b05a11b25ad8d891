import { expect, it } from 'vitest';
import { withPassword } from '../../../src/postgres/conninfo.ts';

it('adds a password in the words of the string', () => {
  expect(withPassword('host=db1', String.raw`it's \ odd`)).toBe(String.raw`host=db1 password='it\'s \\ odd'`);
  expect(withPassword('postgresql://u@db1', 'a&b c')).toBe('postgresql://u@db1?password=a%26b%20c');
  expect(withPassword('postgresql://u@db1/?sslmode=require', 'x')).toBe(
    'postgresql://u@db1/?sslmode=require&password=x',
  );
});
