import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const script = join(import.meta.dirname, '../../../bin/import_db_backup.sh');

/** Says what it was given, one word a line, then the credentials in its environment. */
const spy = `#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done
printf 'key=%s secret=%s token=%s\\n' "\${AWS_ACCESS_KEY_ID-}" "\${AWS_SECRET_ACCESS_KEY-}" "\${AWS_SESSION_TOKEN-}"
`;

async function imported(
  args: readonly string[],
  { env = {}, files = {} }: { env?: Record<string, string>; files?: Record<string, string> } = {},
) {
  await using place = await temporaryDirectory();
  const odo = join(place.path, 'odo');
  await writeFile(odo, spy);
  await chmod(odo, 0o755);
  const cwd = join(place.path, 'work');
  await mkdir(cwd);
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  const { status, stdout, stderr } = spawnSync('sh', [script, ...args], {
    cwd,
    encoding: 'utf8',
    env: { PATH: `${place.path}:${process.env['PATH']}`, ...env },
  });
  const lines = stdout.trimEnd().split('\n');
  return { status, stderr, stdout, words: lines.slice(0, -1), credentials: lines.at(-1) };
}

test('every flag reaches odo start as it is, unattended, and credentials by the environment alone', async () => {
  const { status, words, credentials } = await imported(
    [
      ...['-a', 'AKIA', '-s', 'a secret', '-r', 'eu-west-3', '-u', 's3://backups/main'],
      ...['-e', 'https://s3.example.com', '-v', 'pgdata', '-n', 'db', '-f', 'my files/compose.yaml'],
      ...['-c', 'my.auto.conf', '-V', 'fresh', '--', '--json', '--reserve', '2GiB'],
    ],
    { env: { AWS_SESSION_TOKEN: 'of other keys' } },
  );
  expect(status).toBe(0);
  expect(words).toEqual([
    ...['start', '--yes', '-u', 's3://backups/main', '-e', 'https://s3.example.com', '-r', 'eu-west-3'],
    ...['-v', 'pgdata', '-V', 'fresh', '-n', 'db', '-f', 'my files/compose.yaml', '-c', 'my.auto.conf'],
    ...['--json', '--reserve', '2GiB'],
  ]);
  expect(credentials).toBe('key=AKIA secret=a secret token=');
});

test('-c without a name leaves the choice of the file to odo, wherever it stands', async () => {
  expect((await imported(['-c', '-u', 's3://b'])).words).toEqual(['start', '--yes', '-u', 's3://b', '-c']);
  expect((await imported(['-u', 's3://b', '-o', '-c'])).words).toEqual([
    ...['start', '--yes', '-u', 's3://b', '-c'],
  ]);
});

test('the names of former days count in the environment and in .env, behind those of AWS', async () => {
  const files = {
    '.env': `export AWS_ACCESS_KEY="from .env"\nAWS_SECRET_KEY='quoted'\nAWS_SECRET_KEY=last \n`,
  };
  expect((await imported([], { files })).credentials).toBe('key=from .env secret=last token=');
  const env = {
    AWS_ACCESS_KEY: 'old',
    AWS_ACCESS_KEY_ID: 'new',
    AWS_SECRET_KEY: 'old',
    AWS_SESSION_TOKEN: 't',
  };
  expect((await imported([], { env, files })).credentials).toBe('key=new secret=old token=t');
});

test.for([
  [['-s'], '-s needs a value'],
  [['-u', ''], '-u needs a value'],
  [['-P', '/backups'], 'unknown option -P'],
  [['-ssecret'], 'each option stands alone'],
  [['-o', '-V', 'fresh'], 'choose one of them'],
  [['-c', 'recovery.conf'], 'odo config import recovery.conf'],
] as const)('%j is refused with 2, and nothing runs', async ([args, message]) => {
  const files = { 'recovery.conf': '[source]\ns3_url = s3://b\n' };
  const { status, stderr, stdout } = await imported(args, { files });
  expect(status).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('secret');
  expect(stdout).toBe('');
});

test('without odo it says so, and -h shows every flag', async () => {
  const missing = await imported(['-u', 's3://b'], { env: { ODO: '/nowhere/odo' } });
  expect(missing.status).toBe(127);
  expect(missing.stderr).toContain('there is no /nowhere/odo');
  const help = await imported(['-h']);
  expect(help.status).toBe(0);
  for (const flag of 'ueasrvVnfcoh') expect(help.stdout).toMatch(new RegExp(`^  -${flag} `, 'm'));
});
