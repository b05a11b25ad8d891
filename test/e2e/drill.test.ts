import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { processesOn } from '../../src/service/leftover-servers.ts';
import { copyFixture, fixture } from '../lab/fixtures.ts';
import { foreignFixture, shopkeeper, shopQuestion } from '../lab/foreign-fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { type ComposeProject, startComposeProject } from '../support/compose-project.ts';
import { odo } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** Everything that the engine has, whoever made it. */
const inEngine = async (): Promise<Record<string, string[]>> => {
  const names = async (...list: string[]) => (await run('docker', list)).split('\n').sort();
  return {
    containers: await names('ps', '-a', '--format', '{{.ID}} {{.Names}} {{.State}}'),
    volumes: await names('volume', 'ls', '-q'),
    networks: await names('network', 'ls', '-q'),
  };
};

/** What a restart, another volume or another container would change. */
const identityOf = (shop: ComposeProject): Promise<string> =>
  shop
    .compose('ps', '-q', 'db')
    .then((id) =>
      run('docker', ['inspect', '-f', '{{.Id}} {{.State.StartedAt}} {{json .Mounts}}', id.trim()]),
    );

/** Asks the service without a pause while `work` goes on; how often it answered. */
async function whileAsking(shop: ComposeProject, work: () => Promise<void>): Promise<number> {
  const over = new AbortController();
  let answers = 0;
  const asking = (async () => {
    while (!over.signal.aborted) {
      expect(await shop.psql('select note from old_rows')).toBe('written before the restore');
      answers += 1;
      await delay(100);
    }
  })();
  try {
    await Promise.race([work(), asking]);
  } finally {
    over.abort();
    await asking;
  }
  return answers;
}

/** As an application of this host would, with the password that its role has in the backup. */
async function askAsClient(connection: string): Promise<string> {
  const { user, password, database } = shopkeeper;
  const address = new URL(connection);
  const login = `host=${address.hostname} port=${address.port} user=${user} dbname=${database}`;
  return run(`${binDir15}/psql`, ['-XAtqw', login, '-c', shopQuestion.sql], {
    env: { PGPASSWORD: password },
  });
}

/** Some bytes in the middle of an archive of the data directory. */
async function damage(bucket: string): Promise<void> {
  const names = (await readdir(bucket, { recursive: true })).filter((name) =>
    name.endsWith('data.tar.gz._S3rver_object'),
  );
  const file = await open(join(bucket, names[0] ?? ''), 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.from([0xff, 0xff, 0xff, 0xff]), 0, 4, Math.floor(size / 2));
  await file.close();
}

describeWithLab('a drill', () => {
  test('of a CloudNativePG backup, kept and looked into, beside the running service whose image it takes: leaves it and the engine as they were', async () => {
    const backup = await foreignFixture('foreign-cloudnative');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-drill',
      major: backup.major,
    });
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const before = { engine: await inEngine(), file: await readFile(shop.file, 'utf8') };
    const identity = await identityOf(shop);
    const answers = await whileAsking(shop, async () => {
      const drill = await odo(
        [
          ...['drill', '-u', backup.url, '-e', s3.endpoint, '-n', 'db', '-f', shop.file],
          ...['--project', shop.project, '--volume-access', 'engine', '--keep', '--port', 'auto', '--json'],
        ],
        { env },
      );
      expect(drill.exitCode, drill.stderr).toBe(0);
      const held = drill.events.find(({ type }) => type === 'held');
      expect(held).toMatchObject({ reason: 'kept', facts: { failed: 0, databases: 2 } });
      const { connection, look } = (held?.facts ?? {}) as Record<string, string>;
      expect(await askAsClient(String(connection))).toBe(shopQuestion.answer);
      expect(look).toMatch(/^docker exec -it odo-\S+-server psql /);
      const abandoned = await odo(['abandon', String(held?.runId), '--json'], { env });
      expect(abandoned.exitCode, abandoned.stderr).toBe(0);
    });
    expect(answers).toBeGreaterThan(5);
    expect(await identityOf(shop)).toBe(identity);
    expect({ engine: await inEngine(), file: await readFile(shop.file, 'utf8') }).toEqual(before);
  });

  test('of a pg_basebackup in a directory, killed while it proves and while it removes: leaves nothing', async () => {
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const drills = join(directory.path, 'drills');
    await mkdir(drills);
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const killed = async (args: string[], failpoint: string) => {
      const result = await odo(args, { env: { ...env, ODO_FAILPOINT: failpoint } });
      expect(result.signal, `${failpoint}: ${result.stderr}`).toBe('SIGKILL');
      return result;
    };
    const first = await killed(
      ['drill', '-u', backup.url, '-e', s3.endpoint, '--drill-dir', drills, '--port', 'auto', '--json'],
      'prove:ready',
    );
    const runId = String(first.events[0]?.runId);
    expect(await readdir(drills)).toEqual([`odo-drill-${runId}`, `odo-drill-${runId}.odo-${runId}`]);
    const serverRuns = async () => (await processesOn(join(drills, `odo-drill-${runId}`))).length > 0;
    expect(await serverRuns()).toBe(true);
    const resume = ['resume', runId, '--json'];
    for (const point of ['prove:proved', 'tearDown:ended', 'tearDown:discarded', 'tearDown:after-effect'])
      await killed(resume, point);
    const last = await odo(resume, { env });
    expect(last.exitCode, last.stderr).toBe(0);
    expect(await readdir(drills)).toEqual([]);
    expect(await serverRuns()).toBe(false);
  });

  test('that finds a damaged archive removes what it had restored', async () => {
    await using directory = await temporaryDirectory();
    const backup = await copyFixture(await fixture('barman-15'), join(directory.path, 's3'));
    await damage(join(backup.storageDir, backup.bucket));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const before = await inEngine();
    const result = await odo(
      ['drill', '-u', backup.url, '-e', s3.endpoint, '--image', imageName(15), '--json'],
      { env: { ...s3.env, XDG_STATE_HOME: directory.path } },
    );
    expect(result.exitCode, result.stderr).toBe(6);
    expect(await inEngine()).toEqual(before);
  });
});
