import { expect, it } from 'vitest';
import { quotable, rememberSecret } from '../../../src/errors/known-secrets.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { toErrorData } from '../../../src/errors/serialize.ts';

it.each([
  ['a secret', 'swordfish/1+2', 'key swordfish/1+2 and swordfish%2F1%2B2'],
  [
    'the signature of a SAS',
    'sv=2024&sp=rl&sig=swordfish%2F1',
    'GET /c?sp=rl&sig=swordfish%2F1&x=1 or swordfish/1',
  ],
  ['the key of a connection string', 'AccountName=a;AccountKey=swordfish==;E=x', 'signed with swordfish=='],
])('%s that a cause quotes is not in the error as data', (_, secret, quoted) => {
  rememberSecret(secret);
  const error = new OdoError('ACCESS_DENIED', 'The store denies access.', { cause: new Error(quoted) });
  const [cause] = toErrorData(error).causes;
  expect(cause).not.toContain('swordfish');
  expect(cause).toContain('[secret]');
});

it.each([
  'authorization: Bearer ya29.swordfish-swordfish',
  'Authorization: Basic c3dvcmRmaXNoOnN3b3JkZmlzaA==',
  'grant_type=x&subject_token=swordfish.swordfish&scope=y',
  '{"access_token": "swordfish-swordfish"}',
])('a credential that nobody configured is known by its shape: %s', (quoted) => {
  expect(quotable(quoted)).not.toMatch(/swordfish|c3dvcmRmaXNo/);
});

it('leaves ordinary words alone, and what is too short to be a secret', () => {
  rememberSecret('data');
  rememberSecret('AccountName=a;AccountKey=pg');
  for (const text of [
    'Basic authentication is needed for data in pg',
    'Bearer tokens expire',
    'the access_token is missing',
  ])
    expect(quotable(text)).toBe(text);
});
