import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../../src/postgres/edit-configuration.ts';
import {
  type AccessView,
  openAccess,
  parseAccessFile,
} from '../../../../src/postgres/leftovers/host-access.ts';
import { bitnami, cloudNative, debian } from '../../../lab/source-configurations.ts';

const container: AccessView = {
  kind: 'container',
  origin: null,
  ssl: false,
  superuser: 'postgres',
  systemUser: 'postgres',
  hba: '',
  ident: '',
};
const added = (view: Partial<AccessView>) =>
  openAccess({ ...container, ...view }).map(({ replacement }) => replacement);

describe('pg_hba.conf', () => {
  it('is split as the server splits it', () => {
    const text =
      'local all all peer # x\n\n# no\nhost a, "b c" ,d \\\n  u 10.0.0.0 255.0.0.0 md5\n"hash#tag" x';
    expect(parseAccessFile(text)).toEqual([
      { line: 1, lineCount: 1, fields: ['local', 'all', 'all', 'peer'] },
      { line: 4, lineCount: 2, fields: ['host', 'a,b c,d', 'u', '10.0.0.0', '255.0.0.0', 'md5'] },
      { line: 6, lineCount: 1, fields: ['hash#tag', 'x'] },
    ]);
  });

  it('of CloudNativePG admits whom it admitted, with passwords where TLS is off', () => {
    const view = {
      ...container,
      origin: 'CloudNativePG',
      ident: cloudNative['pg_ident.conf'] ?? '',
    } as const;
    const hba = cloudNative['pg_hba.conf'] ?? '';
    const edits = openAccess({ ...view, hba });
    expect(edits.map(({ replacement }) => replacement)).toEqual(['host app app 10.0.0.0/8 scram-sha-256']);
    const edited = applyEdits(hba, edits, 'run').split('\n');
    expect(edited).toContain('#odo run# hostssl app app 10.0.0.0/8 scram-sha-256');
    expect(openAccess({ ...view, ssl: true, hba })).toEqual([]);
  });

  it('of CloudNativePG without the map opens the socket for the superuser, in front of the rest', () => {
    const hba = cloudNative['pg_hba.conf'] ?? '';
    expect(added({ ssl: true, hba, ident: '' })).toEqual(['local all "postgres" trust']);
    const [edit] = openAccess({ ...container, ssl: true, hba });
    expect(applyEdits(hba, edit === undefined ? [] : [edit], 'r').split('\n')[1]).toBe(
      'local all "postgres" trust # odo r',
    );
    expect(added({ ssl: true, hba, ident: '', kind: 'local' })).toEqual(['local all "postgres" peer']);
    expect(
      added({ ssl: true, hba, ident: cloudNative['pg_ident.conf'] ?? '', systemUser: 'pg' }),
    ).toHaveLength(1);
  });

  it('of Debian’s admits passwords from elsewhere in a container, where nobody is local', () => {
    const hba = debian(17)['pg_hba.conf'] ?? '';
    expect(added({ hba, origin: 'Debian' })).toEqual(['host all all all scram-sha-256']);
    expect(added({ hba, origin: 'Debian', kind: 'local' })).toEqual([]);
    // Nobody else's: somebody wanted it so.
    expect(added({ hba })).toEqual([]);
  });

  it('of Bitnami’s admits everybody with a password already', () => {
    expect(added({ hba: bitnami['pg_hba.conf'] ?? '', origin: 'Bitnami' })).toEqual([]);
  });

  it.each([
    [
      'only certificates',
      'local all all trust\nhostssl all all all cert\n',
      ['host all all all scram-sha-256'],
    ],
    [
      'only rejections',
      'local all all reject\nhost all all all reject\n',
      ['host all all all scram-sha-256', 'local all "postgres" trust'],
    ],
    [
      'only replication',
      'local all all trust\nhost replication all all md5\n',
      ['host all all all scram-sha-256'],
    ],
    ['TLS alone', 'local all all trust\nhostssl all app all md5\n', ['host all app all md5']],
    [
      'clear passwords within TLS',
      'local all all trust\nhostssl all app all password\n',
      ['host all app all scram-sha-256'],
    ],
    ['a directory service', 'local all all trust\nhost all all all ldap ldapserver=x\n', []],
    ['a mask of its own', 'local all all md5\nhost all all 10.0.0.0 255.0.0.0 md5\n', []],
    ['another superuser first', 'local all app reject\nlocal all all trust\nhost all all all md5\n', []],
    ['peer by the same name', 'local all all peer\nhost all all all md5\n', []],
  ])('with %s', (_, hba, expected) => {
    expect(added({ hba })).toEqual(expected);
  });
});
