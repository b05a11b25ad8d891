import { expect, it } from 'vitest';
import { holdsPassword } from '../../../src/config/conninfo-password.ts';

it.each([
  'host=db1 password=x',
  "host=db1 password = 'x y'",
  'password=x',
  'host=db1 sslpassword=x',
  'postgresql://u:x@db1/',
  'postgres://db1?password=x',
  'postgresql://u@db1/?sslmode=require&sslpassword=x',
])('finds the password in %s', (conninfo) => {
  expect(holdsPassword(conninfo)).toBe(true);
});

it.each([
  'host=db1 user=replicator passfile=/root/.pgpass',
  "host=db1 application_name='no password here'",
  'postgresql://u@db1:5433/?sslmode=require',
  'postgresql://[::1]:5432/',
])('finds none in %s', (conninfo) => {
  expect(holdsPassword(conninfo)).toBe(false);
});
