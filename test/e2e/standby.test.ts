import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stopPostmaster } from '../../src/service/postmaster.ts';
import type { Psql } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { freePort, type SourceCluster, startSourceCluster } from '../lab/source-cluster.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { odo } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const password = "it's a secret \\ of sorts";
const slot = 'odo_standby';

describeWithLab('a restore as a standby', () => {
  let primary: SourceCluster;
  let backups: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    primary = await startSourceCluster({
      name: `odo-test-primary-${process.pid}`,
      major: 15,
      scale: 0,
      env: {},
    });
    backups = await temporaryDirectory();
    await primary.psql('create table marks (id int primary key)');
    await primary.psql('insert into marks values (1)');
    await primary.psql(`create role replicator replication login password '${password.replace("'", "''")}'`);
    await primary.psql(`select pg_create_physical_replication_slot('${slot}', true)`);
    await primary.exec([
      ...['sh', '-ec'],
      'printf "%s\\n%s" "host replication replicator 127.0.0.1/32 scram-sha-256" "$(cat "$PGDATA/pg_hba.conf")" >/tmp/hba; cp /tmp/hba "$PGDATA/pg_hba.conf"',
    ]);
    await primary.psql('select pg_reload_conf()');
    const taken = '/tmp/taken/20261127T200000';
    const connection = ['-h', '/var/run/postgresql', '-p', String(primary.port), '-U', 'postgres'];
    await primary.exec([
      ...['pg_basebackup', '-D', taken, '-Ft', '-z', '-X', 'stream', '-c', 'fast'],
      ...connection,
    ]);
    await run('docker', ['cp', `${primary.container}:/tmp/taken/.`, backups.path]);
    await primary.psql('insert into marks values (2)');
  });
  afterAll(async () => {
    await primary?.[Symbol.asyncDispose]();
    await backups?.[Symbol.asyncDispose]();
  });

  /** A directory for a local server, on a socket of its own. */
  const openPlace = async () => {
    const directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const sockets = join(directory.path, 'sockets');
    const override = join(directory.path, 'override.conf');
    const port = await freePort();
    await mkdir(sockets);
    await run('chown', ['postgres', sockets]);
    await run('chmod', ['755', directory.path]);
    await writeFile(
      override,
      `port = ${port}\nlisten_addresses = ''\nunix_socket_directories = '${sockets}'\n`,
    );
    const env = { XDG_STATE_HOME: join(directory.path, 'state') };
    const psql: Psql = (sql) =>
      run(join(binDir15, 'psql'), [
        ...['-XAtq', '-h', sockets, '-p', String(port), '-U', 'postgres', '-d', 'app', '-c', sql],
      ]);
    return {
      data,
      psql,
      journal: join(directory.path, 'state', 'odo', 'journal.sqlite'),
      start: (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
        odo(
          [
            ...['start', '-u', `file://${backups.path}`, '--data-dir', data, '--local', '--json'],
            ...['-c', override, '--standby', ...args],
          ],
          { env: { ...env, ...more } },
        ),
      resume: (runId: string, more: Readonly<Record<string, string>> = {}) =>
        odo(['resume', runId, '--json'], { env: { ...env, ...more } }),
      [Symbol.asyncDispose]: async () => {
        await stopPostmaster(data, 'immediate', { deadlineMs: 30_000 });
        await directory[Symbol.asyncDispose]();
      },
    };
  };

  const conninfo = (port = primary.port): string[] => [
    '--primary-conninfo',
    `host=127.0.0.1 port=${port} user=replicator application_name=restored`,
  ];
  const secret = { ODO_PRIMARY_PASSWORD: password };

  test('streams from its primary through the slot, and keeps the password to one file', async () => {
    await using place = await openPlace();
    const result = await place.start([...conninfo(), '--primary-slot', slot], secret);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.events.find((event) => event.type === 'completed')).toMatchObject({
      facts: { standby: true, streaming: true, timeline: 1 },
    });
    await primary.psql('insert into marks values (3)');
    await waitUntil(
      'the row has arrived',
      async () => (await place.psql('select max(id) from marks')).trim() === '3',
    );
    expect(await primary.psql(`select active from pg_replication_slots where slot_name = '${slot}'`)).toBe(
      't',
    );
    expect((await place.psql('select pg_is_in_recovery()')).trim()).toBe('t');
    const auto = join(place.data, 'postgresql.auto.conf');
    expect((await stat(auto)).mode & 0o777).toBe(0o600);
    expect(await readFile(auto, 'utf8')).toContain('a secret');
    const told = result.stdout + result.stderr + (await readFile(place.journal, 'latin1'));
    expect(told).not.toContain('a secret');
  });

  test('a primary that cannot be reached is told, and no failure', async () => {
    await using place = await openPlace();
    const result = await place.start(conninfo(await freePort()), secret);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        level: 'warning',
        message: expect.stringMatching(/does not stream .*connection to server/s),
      }),
    );
    expect(result.events.find((event) => event.type === 'completed')).toMatchObject({
      facts: { streaming: false },
    });
  });

  test.for(['reachTarget:after-effect', 'configureDatabase:following', 'startService:after-effect'])(
    'killed at %s it becomes one after a resume, which needs the password again',
    async (failpoint) => {
      await using place = await openPlace();
      const killed = await place.start(conninfo(), { ...secret, ODO_FAILPOINT: failpoint });
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      const runId = String(killed.events[0]?.runId);
      if (failpoint === 'configureDatabase:following') {
        const without = await place.resume(runId);
        expect(without.exitCode, without.stderr).toBe(5);
        expect(without.stderr).toMatch(/ODO_PRIMARY_PASSWORD/);
      }
      const resumed = await place.resume(runId, secret);
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(resumed.events.find((event) => event.type === 'completed')).toMatchObject({
        facts: { streaming: true },
      });
    },
  );
});
