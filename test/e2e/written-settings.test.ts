import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { copyFixture, fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { type ComposeProject, startComposeProject } from '../support/compose-project.ts';
import { odo, odoCli } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** What odo asks on a terminal of its own, and what a person answers. */
async function interview(
  args: string,
  dialogue: readonly (readonly [question: string, answer: string])[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<{ exitCode: number | null; output: string }> {
  const command = `"${process.execPath}" "${odoCli}" ${args}`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], ...options.env, TERM: 'dumb', LC_ALL: 'C.UTF-8' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  let exitCode: number | null | undefined;
  child.once('exit', (code) => (exitCode = code));
  try {
    let seen = 0;
    for (const [question, answer] of dialogue) {
      const at = await waitUntil(`odo asks ${question}: ${output}`, () => {
        const found = output.indexOf(question, seen);
        return exitCode !== undefined ? 'ended' : found === -1 ? false : found + 1;
      });
      if (at === 'ended') break;
      seen = at;
      child.stdin.write(`${answer}\r`);
    }
    await waitUntil('odo ends', () => exitCode !== undefined);
    return { exitCode: exitCode ?? null, output };
  } finally {
    child.kill('SIGKILL');
  }
}

describeWithLab('a settings file that odo writes', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let shop: ComposeProject;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    shop = await startComposeProject({ directory: directory.path, name: 'odo-test-init', major: 18 });
    // An application has its database's variables too.
    const web =
      '  web:\n    image: example.org/web\n    environment:\n      POSTGRES_PASSWORD: old-password\n';
    const compose = await readFile(shop.file, 'utf8');
    await writeFile(shop.file, compose.replace('services:\n', `services:\n${web}`));
  });
  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  test('odo init asks on a terminal, and what it writes is what odo plan needs', async () => {
    const backup = await fixture('barman-18');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const there = { cwd: shop.directory, env: { ...s3.env, XDG_STATE_HOME: directory.path } };
    const { exitCode, output } = await interview(
      'init',
      [
        ['Where do the backups lie', backup.url],
        ['Endpoint of the store', s3.endpoint],
        ['Region', ''],
        ['Compose file of the PostgreSQL service [compose.yaml]', ''],
        ['Which service runs PostgreSQL (db, web) [db]', ''],
      ],
      there,
    );
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/There are \d+ backups, \d+ of them usable/);
    expect(output).not.toContain('old-password');
    expect(output).toContain('db keeps its data in the volume pgdata, PostgreSQL 18.');
    const file = join(shop.directory, 'odo.yaml');
    expect(parse(await readFile(file, 'utf8'))).toMatchObject({
      url: backup.url,
      endpoint: s3.endpoint,
      volume: 'pgdata',
      service: 'db',
      'compose-file': 'compose.yaml',
    });
    const planned = await odo(['plan', ...shop.replaceFlags, '--json'], there);
    expect(planned.exitCode, planned.stderr).toBe(0);
    expect(planned.stdout).toContain(shop.volume);
    // The same without a terminal, from the file that is there.
    const again = await odo(['init', '--yes', '--out', 'again.yaml'], there);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(await readFile(join(shop.directory, 'again.yaml'), 'utf8')).toBe(await readFile(file, 'utf8'));
    await rm(file);
  });

  test('odo config import makes one of the recovery.conf of pg_backctl, for backups as pg_backctl leaves them', async () => {
    const backup = await copyFixture(await fixture('basebackup-18'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const found = await s3.client.send(new ListObjectsV2Command({ Bucket: backup.bucket }));
    const base = found.Contents?.find(({ Key }) => /\/base\.tar/.test(Key ?? ''))?.Key ?? '';
    for (const name of ['backup.sha256', 'backup.sha256.info'])
      await s3.client.send(
        new PutObjectCommand({ Bucket: backup.bucket, Key: `${dirname(base)}/${name}`, Body: 'sums' }),
      );
    const recoveryConf = `[source]
s3_url = s3://${backup.bucket}
s3_endpoint = ${s3.endpoint}
s3_search_prefix = ${backup.prefix}/
[target]
volume_name = pgdata
service = db
compose_file = compose.yaml
[restore]
new_volume_name = pgdata-restored
[aws]
access_key = ${s3.env['AWS_ACCESS_KEY_ID']}
`;
    await writeFile(join(shop.directory, 'recovery.conf'), recoveryConf);
    const there = { cwd: shop.directory, env: { ...s3.env, XDG_STATE_HOME: directory.path } };
    const imported = await odo(['config', 'import', 'recovery.conf', '--out', 'odo.yaml'], there);
    expect(imported.exitCode, imported.stderr).toBe(0);
    const planned = await odo(['plan', '--json'], there);
    expect(planned.exitCode, planned.stderr).toBe(0);
    expect(planned.stdout).toContain(`${shop.project}_pgdata-restored`);
  });
});
