import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectDocker, type Docker } from '../../../src/docker/client.ts';
import { ContainerLauncher } from '../../../src/service/launcher-container.ts';
import { proofsOf } from '../../../src/steps/proof/proofs.ts';
import { imageLayout, imageName } from '../../lab/images.ts';
import { run } from '../../lab/run-command.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { removeEverythingOf } from '../../support/engine.ts';
import { assertion, prove, provingOf } from '../../support/proving.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const never = new AbortController().signal;
const major = 18;

describeWithLab('what a drill proves about a database in a container', () => {
  let docker: Docker;
  let runId: string;
  beforeEach(async () => {
    docker = await connectDocker();
    runId = `test-${randomUUID().slice(0, 8)}`;
  });
  afterEach(() => removeEverythingOf(docker, runId));

  test('is asked by the programs of its image, without a network, and one bad item stops no other', async () => {
    const { pgdata, volume: mountPoint } = imageLayout(major);
    const [data, work] = [`odo-test-${runId}-data`, `odo-test-${runId}-work`];
    for (const volume of [data, work]) await docker.volumes.create(volume, { 'odo.run-id': runId });
    const script = `chown 999:999 /odo && mkdir -p ${pgdata} && chown -R 999:999 ${mountPoint} &&
      setpriv --reuid=999 --regid=999 --clear-groups initdb -D ${pgdata} -A trust --no-sync --no-locale`;
    const mounts = ['-v', `${data}:${mountPoint}`, '-v', `${work}:/odo`];
    const isolated = ['--rm', '--network', 'none', '--entrypoint', 'sh'];
    await run('docker', ['run', ...isolated, ...mounts, imageName(major), '-c', script]);
    const launcher = new ContainerLauncher({
      docker,
      spec: { kind: 'container', image: imageName(major), pgdata, mountPoint, owner: { uid: 999, gid: 999 } },
      mounts: {
        data: { type: 'volume', source: data, destination: mountPoint },
        work: { type: 'volume', source: work },
      },
      runId,
    });
    let isReady = false;
    const server = await launcher.launch(
      [],
      (line) => (isReady ||= line.includes('ready to accept connections')),
      never,
    );
    await waitUntil('it is ready', () => isReady);
    const sql = (text: string, database = 'app') => server.query(text, { user: 'postgres', database });
    await sql('CREATE DATABASE app', 'postgres');
    await sql(
      `CREATE TABLE wares (id int PRIMARY KEY, name text);
       INSERT INTO wares SELECT g, md5(g::text) FROM generate_series(1, 2000) g;
       CREATE FUNCTION sought(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';
       CREATE INDEX wares_sought ON wares (sought(name));
       CREATE OR REPLACE FUNCTION sought(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT reverse($1)'`,
    );
    const proving = provingOf(server, {
      serverMajor: major,
      drill: {
        dump: true,
        assertions: [
          assertion('SELECT count(*) FROM wares', { kind: 'value', value: '2001' }),
          assertion('DELETE FROM wares RETURNING id', { kind: 'min-rows', rows: 1 }, { name: 'emptied' }),
          assertion('SELECT pg_sleep(30)', { kind: 'min-rows', rows: 1 }, { name: 'slow', timeoutMs: 100 }),
        ],
      },
    });
    const told: Record<string, string> = {};
    for (const proof of proofsOf(proving)) {
      const { outcome, summary } = await prove(proof, proving);
      told[proof.id] = `${outcome}: ${summary}`;
    }
    expect(told).toEqual({
      identity: expect.stringMatching(/^passed: System identifier \d+, PostgreSQL 18\./),
      'amcheck:app': expect.stringMatching(
        /^failed: btree index app\.public\.wares_sought: heap tuple \(\d+,\d+\) from table "wares" lacks matching index tuple/,
      ),
      'amcheck:postgres': expect.stringMatching(/^passed: \d+ tables and \d+ indexes are sound; every row/),
      collations: 'passed: No collation that is used has changed.',
      'dump:app': 'passed: pg_dump read everything to its end.',
      'dump:postgres': 'passed: pg_dump read everything to its end.',
      'assertion:orders': 'failed: The answer is "2000", and "2001" was expected.',
      'assertion:emptied': 'failed: The server refused it: cannot execute DELETE in a read-only transaction',
      'assertion:slow': 'failed: There was no answer within 0.1 s.',
    });
    const noProgram = { ...server, runClient: withoutPgAmcheck(server) };
    const byHand = provingOf(noProgram, { databases: ['app'], serverMajor: major });
    const [, amcheck] = proofsOf(byHand);
    if (amcheck === undefined) throw new Error('nothing is proved');
    expect(await prove(amcheck, byHand)).toMatchObject({
      outcome: 'failed',
      summary: expect.stringMatching(/^btree index app\.public\.wares_sought: heap tuple .* lacks matching/),
    });
    await server.stop('fast');
  });
});

type RunClient = Awaited<ReturnType<ContainerLauncher['launch']>>['runClient'];

const withoutPgAmcheck =
  ({ runClient }: { runClient: RunClient }): RunClient =>
  async (program, args, options) =>
    program === 'pg_amcheck' ? { exitCode: 127, stdout: '', stderr: '' } : runClient(program, args, options);
