import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, KnownHost } from '../../../src/storage/known-hosts.ts';

/** A key as it is on the wire: its type, then what does not matter here. */
function keyOf(type: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), randomBytes(32)]);
}

const key = keyOf('ssh-ed25519');
const other = keyOf('ssh-ed25519');
const line = (hosts: string, one = key) => `${hosts} ssh-ed25519 ${one.toString('base64')} a comment`;
const verdict = (text: string, host = 'db.example.com', port = 22) =>
  new KnownHost([text], host, port).verdict(key);

describe('a file of known hosts', () => {
  it.each([
    ['db.example.com', 22],
    ['web,db.example.com', 22],
    ['*.example.com', 22],
    ['DB.example.com', 22],
    ['d?.example.com', 22],
    ['[db.example.com]:2222', 2222],
  ])('knows by %s', (hosts, port) => {
    expect(verdict(line(hosts), 'db.example.com', port)).toBe('known');
  });

  it.each([
    ['db.example.com', 2222],
    ['[db.example.com]:2222', 22],
    ['dbxexample.com', 22],
    ['!db.example.com,*.example.com', 22],
    ['# db.example.com', 22],
  ])('does not know by %s', (hosts, port) => {
    expect(verdict(line(hosts), 'db.example.com', port)).toBe('unknown');
  });

  it('knows by a hashed name', () => {
    const salt = randomBytes(20);
    const hash = createHmac('sha1', salt).update('[db.example.com]:2222').digest('base64');
    const hashed = line(`|1|${salt.toString('base64')}|${hash}`);
    expect(verdict(hashed, 'db.example.com', 2222)).toBe('known');
    expect(verdict(hashed, 'web.example.com', 2222)).toBe('unknown');
  });

  it('tells another key of a known host from an unknown host', () => {
    expect(verdict(line('db.example.com', other))).toBe('changed');
    expect(verdict(`${line('db.example.com', other)}\n${line('db.example.com')}`)).toBe('known');
  });

  it('believes a revocation before everything else', () => {
    expect(verdict(`${line('db.example.com')}\n@revoked ${line('*')}`)).toBe('revoked');
  });

  it('knows no host by a certificate authority', () => {
    expect(verdict(`@cert-authority ${line('*')}`)).toBe('unknown');
  });

  it('takes lines that are none as none', () => {
    expect(verdict(`db.example.com\n\n  \n@revoked\n|1|x\r\n${line('db.example.com')}`)).toBe('known');
  });
});

it('shows a fingerprint as ssh-keygen does', () => {
  expect(fingerprintOf(key)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});
