import { describe, expect, it } from 'vitest';
import { parseInventory } from '../../../src/service/server-inventory.ts';

const debian = `== version
postgres (PostgreSQL) 17.12 (Debian 17.12-0+deb13u1)
== user
postgres
== libc
glibc 2.41

== icu
76
== locales
C
C.utf8
POSIX
== libraries
pg_stat_statements
plpgsql
== paths
directory rw:/var/run/postgresql
file r:/etc/ssl/certs/a: b.pem
missing :/controller/run
`;

describe('what an installation says about itself', () => {
  it('is read from the output of its programs', () => {
    expect(parseInventory(debian.split('\n'))).toEqual({
      version: '17.12',
      user: 'postgres',
      libc: 'glibc 2.41',
      icu: '76',
      locales: ['C', 'C.utf8', 'POSIX'],
      libraries: ['pg_stat_statements', 'plpgsql'],
      paths: {
        '/var/run/postgresql': { kind: 'directory', readable: true, writable: true },
        '/etc/ssl/certs/a: b.pem': { kind: 'file', readable: true, writable: false },
        '/controller/run': { kind: 'missing', readable: false, writable: false },
      },
    });
  });

  it('leaves out what nobody could tell', () => {
    expect(parseInventory([])).toEqual({
      version: null,
      user: null,
      libc: null,
      icu: null,
      locales: null,
      libraries: null,
      paths: {},
    });
  });

  it('of musl takes any locale', () => {
    const text = '== libc\nmusl libc (x86_64) Version 1.2.5 \n== locales\nC.UTF-8\n';
    expect(parseInventory(text.split('\n'))).toMatchObject({ libc: 'musl 1.2.5', locales: null });
  });
});
