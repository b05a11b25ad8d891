import { expect, test } from 'vitest';
import { parseGroups, parsePasswd, resolveUser, serverOwner } from '../../../src/service/users.ts';

const users = parsePasswd(
  'root:x:0:0:root:/root:/bin/bash\n# comment\npostgres:x:26:102:,,,:/var/lib/postgresql:/bin/bash\napp:x:1001:0::/:\nbroken\n',
);
const groups = parseGroups('root:x:0:\npostgres:x:102:app\nstaff:x:50:\n');

test('reads users and skips lines that are none', () => {
  expect(users.map(({ name }) => name)).toEqual(['root', 'postgres', 'app']);
  expect(users[1]).toEqual({ name: 'postgres', uid: 26, gid: 102, home: '/var/lib/postgresql' });
});

test.each([
  ['postgres', { uid: 26, gid: 102 }],
  ['26', { uid: 26, gid: 102 }],
  ['1001', { uid: 1001, gid: 0 }],
  ['4711', { uid: 4711, gid: 0 }],
  ['4711:50', { uid: 4711, gid: 50 }],
  ['postgres:staff', { uid: 26, gid: 50 }],
  ['nobody', null],
  ['postgres:nogroup', null],
])('the user setting %s', (setting, owner) => {
  expect(resolveUser(setting, users, groups)).toEqual(owner);
});

test('an image that begins as root hands over to postgres, another one stays who it is', () => {
  for (const setting of ['', 'root', '0', '0:0']) {
    expect(serverOwner(setting, users, groups)).toEqual({ uid: 26, gid: 102 });
  }
  expect(serverOwner('1001', users, groups)).toEqual({ uid: 1001, gid: 0 });
  expect(serverOwner('', [], new Map())).toBeNull();
});
