import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { foreignFixture, shopkeeper, shopQuestion } from '../lab/foreign-fixtures.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { smallFactsSql, smallFixture } from '../lab/small-fixtures.ts';
import { runIdOf } from '../support/drilled.ts';
import { odo } from '../support/odo-program.ts';
import { askServerOn, binDir15, factsOfDirectory, postgresUser } from '../support/restored-directory.ts';
import { readVolume } from '../support/restored-volume.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** A directory that odo prepares: what it is told, and where. */
async function openPlace(s3: S3Server, url: string) {
  const directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  const env = { ...s3.env, XDG_STATE_HOME: directory.path };
  const args = ['start', '-u', url, '-e', s3.endpoint, '--data-dir', data, '--prepare-only', '--json'];
  return {
    data,
    path: directory.path,
    start: (more: readonly string[] = [], moreEnv: Readonly<Record<string, string>> = {}) =>
      odo([...args, ...more], { env: { ...env, ...moreEnv } }),
    odo: (command: readonly string[], moreEnv: Readonly<Record<string, string>> = {}) =>
      odo(command, { env: { ...env, ...moreEnv } }),
    names: async () => (await readdir(directory.path)).sort(),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

describeWithLab('a restore that is prepared only', () => {
  test.for(['barman-15', 'basebackup-15'] as const)(
    'of %s leaves a directory on which a server recovers by itself, and says that nothing is proved',
    async (name) => {
      const backup = await fixture(name);
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using place = await openPlace(s3, backup.url);
      const result = await place.start();
      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.events.find((event) => event.type === 'completed')).toMatchObject({
        prepared: true,
        facts: { proven: false, systemIdentifier: backup.expected.systemIdentifier },
      });
      expect(result.events.filter(({ phase }) => phase === 'recover')).toEqual([]);
      expect(await place.names()).toEqual(['data', 'odo']);
      const auto = await readFile(join(place.data, 'postgresql.auto.conf'), 'utf8');
      expect(auto).toMatch(/^include_if_exists = '\.odo-recovery\.conf'$/m);
      expect(await factsOfDirectory(place.data)).toEqual(backup.expected.atLatest.tables);
    },
  );

  test('a hole in what was laid down is an error of the server, and never a promotion', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using place = await openPlace(s3, backup.url);
    expect((await place.start()).exitCode).toBe(0);
    const folder = join(place.data, '.odo-wal');
    const last = (await readdir(folder)).sort().at(-1) ?? '';
    await rm(join(folder, last));
    const user = await postgresUser();
    await run('chown', ['-R', `${user.uid}:${user.gid}`, place.path]);
    const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${place.path}`];
    await expect(run(join(binDir15, 'postgres'), ['-D', place.data, ...settings], user)).rejects.toThrow(
      'recovery ended before configured recovery target was reached',
    );
  });

  test('of CloudNativePG, in a volume, is started by a plain image without the configuration of its source', async () => {
    const backup = await foreignFixture('foreign-cloudnative');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const volume = `odo-test-prepared-${process.pid}`;
    try {
      const args = ['-u', backup.url, '-e', s3.endpoint, '-V', volume, '--volume-access', 'direct'];
      const env = { ...s3.env, XDG_STATE_HOME: directory.path };
      const result = await odo(['start', ...args, '--prepare-only'], { env });
      expect(result.exitCode, result.stderr).toBe(0);
      const { sql, answer } = shopQuestion;
      expect(await readVolume(backup.major, volume, (psql) => psql(sql, shopkeeper.database))).toBe(answer);
    } finally {
      await run('docker', ['volume', 'rm', '-f', volume]);
    }
  });

  test('killed in every new place and resumed, it ends as undisturbed, and the server removes what odo laid down', async () => {
    const backup = await smallFixture();
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using place = await openPlace(s3, backup.urls['barman-cloud']);
    const killed = await place.start([], { ODO_FAILPOINT: 'restoreWal:brought#2' });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const resume = ['resume', runIdOf(killed), '--json'];
    for (const point of [
      'layOut:configured',
      'layOut:written',
      'seal:backup_label',
      'cleanUp:after-effect',
    ]) {
      const again = await place.odo(resume, { ODO_FAILPOINT: point });
      expect(again.signal, `${point}: ${again.stderr}`).toBe('SIGKILL');
    }
    const resumed = await place.odo(resume);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    const ownNames = async () => (await readdir(place.data)).filter((name) => name.includes('odo')).sort();
    expect(await ownNames()).toEqual(['.odo-recovery.conf', '.odo-wal', 'odo_tablespaces']);
    const facts = await askServerOn(place.data, place.path, (psql) => psql(smallFactsSql));
    expect(facts).toBe(backup.facts['barman-cloud']);
    expect(await ownNames()).toEqual(['odo_tablespaces']);
    const settings = `select string_agg(name, ',') from pg_settings where sourcefile like '%.odo%'`;
    expect(await askServerOn(place.data, place.path, (psql) => psql(settings))).toBe('');
  });
});
