import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { drillImage, ensureOdoImages } from '../lab/odo-images.ts';
import { run, succeeds } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { deployDirectory } from '../support/deploy-file.ts';
import {
  contentsOf,
  expectResumed,
  killContainer,
  runsIn,
  untilHalfRestored,
} from '../support/drill-containers.ts';
import { stallingBackup } from '../support/stalling-backup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const stack = 'odo-test-swarm';
const state = `${stack}_state`;

interface Task {
  readonly CurrentState: string;
  readonly Error: string;
}

/** Newest first. */
async function tasks(): Promise<Task[]> {
  const lines = await run('docker', ['service', 'ps', '--format', '{{json .}}', `${stack}_drill`]);
  return lines.split('\n').map((line) => JSON.parse(line) as Task);
}

const containers = (): Promise<string> =>
  run('docker', ['ps', '-aq', '--filter', `label=com.docker.swarm.service.name=${stack}_drill`]);

const deploy = (files: readonly string[], env: Readonly<Record<string, string>>): Promise<string> =>
  run(
    'docker',
    ['stack', 'deploy', '--resolve-image', 'never', ...files.flatMap((file) => ['-c', file]), stack],
    {
      env,
    },
  );

/** Clients of 20.10, as Debian 12 has them, know jobs in `docker service create` only. */
async function knowsJobs(): Promise<boolean> {
  return !(await run('docker', ['version', '-f', '{{.Client.Version}}'])).startsWith('20.');
}

/** A swarm of this machine alone, for the time of a test. */
async function oneNodeSwarm(): Promise<AsyncDisposable> {
  // Of a test that was killed.
  if (await succeeds('docker', ['service', 'inspect', `${stack}_drill`])) await leaveSwarm();
  await run('docker', ['swarm', 'init', '--advertise-addr', '127.0.0.1']);
  const node = await run('docker', ['node', 'ls', '-q']);
  await run('docker', ['node', 'update', '--label-add', 'odo-drill=true', node]);
  return { [Symbol.asyncDispose]: leaveSwarm };
}

async function leaveSwarm(): Promise<void> {
  await run('docker', ['swarm', 'leave', '--force']);
  await waitUntil('the containers of the swarm are gone', async () => (await containers()) === '');
  await run('docker', ['volume', 'rm', '-f', state, `${stack}_scratch`]);
  // The swarm's own bridge to the outside is not taken away with it, nor is always its end inside.
  await succeeds('docker', ['network', 'disconnect', '-f', 'docker_gwbridge', 'gateway_ingress-sbox']);
  await run('docker', ['network', 'rm', 'docker_gwbridge']);
}

describeWithLab('deploy/swarm', () => {
  beforeAll(ensureOdoImages);

  test('a drill that is killed goes on in a new task, passes, and the job is complete', async () => {
    await using directory = await temporaryDirectory();
    await using source = await stallingBackup(directory.path);
    await using _ = await oneNodeSwarm();
    await run('docker', ['secret', 'create', 'odo-drill', source.credentialsFile]);
    // The store of the test listens on this host's loopback address.
    const override = join(directory.path, 'override.yaml');
    await writeFile(
      override,
      `version: "3.9"
services:
  drill:
    networks: [host]
    environment: { ODO_CHECKPOINT_SIZE: 16MiB }
    deploy: { mode: ${(await knowsJobs()) ? 'replicated-job' : 'replicated'} }
networks: { host: { external: true } }`,
    );
    await deploy([join(deployDirectory, 'swarm/stack.yaml'), override], {
      ODO_RUN_KEY: 'orders-1',
      ODO_URL: source.backup.url,
      ODO_ENDPOINT: source.endpoint,
      DRILL_IMAGE: drillImage,
    });
    const half = await untilHalfRestored(source, state);
    source.release();
    await killContainer(await containers());

    const all = await waitUntil(
      'the job is complete',
      async () => {
        const found = await tasks();
        return found[0]?.CurrentState.startsWith('Complete') && found;
      },
      { deadlineMs: 200_000 },
    );
    expect(all).toHaveLength(2);
    expect(all[1]).toMatchObject({ Error: expect.stringMatching(/non-zero exit \(137\)/) });
    const [drill, ...others] = await runsIn(state);
    expect(others).toEqual([]);
    expect(drill).toMatchObject({ runId: half.runId, status: 'completed', verdict: 'passed' });
    expectResumed(source, drill);
    expect(await contentsOf(`${stack}_scratch`)).toEqual([]);
  });
});
