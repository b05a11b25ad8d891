import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { drillImage, ensureOdoImages } from '../lab/odo-images.ts';
import { run } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { deployDirectory } from '../support/deploy-file.ts';
import {
  attemptsOf,
  type ContainerState,
  containerState,
  contentsOf,
  expectResumed,
  killContainer,
  runsIn,
  untilHalfRestored,
} from '../support/drill-containers.ts';
import { type StallingBackup, stallingBackup } from '../support/stalling-backup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

interface DrillProject extends AsyncDisposable {
  readonly container: string;
  readonly state: string;
  readonly scratch: string;
  /** Until the engine does not start it again. */
  untilEnded(): Promise<ContainerState>;
}

/** deploy/compose/compose.yaml with settings of its own, which the file itself leaves to odo.yaml. */
async function startProject(
  project: string,
  directory: string,
  source: StallingBackup,
  settings: Readonly<Record<string, string>>,
): Promise<DrillProject> {
  const override = join(directory, 'override.yaml');
  // The store of the test listens on this host's loopback address.
  const drill = { network_mode: 'host', environment: settings };
  await writeFile(override, JSON.stringify({ services: { drill } }));
  const file = join(deployDirectory, 'compose/compose.yaml');
  const env = {
    ODO_RUN_KEY: 'orders-2026-11-22',
    ODO_URL: source.backup.url,
    ODO_ENDPOINT: source.endpoint,
    DRILL_IMAGE: drillImage,
    DRILL_CREDENTIALS: source.credentialsFile,
  };
  const compose = (...args: string[]) =>
    run('docker', ['compose', '-p', project, '-f', file, '-f', override, ...args], { env });
  const container = `${project}-drill-1`;
  await compose('down', '-v');
  await compose('up', '-d');
  return {
    container,
    state: `${project}_state`,
    scratch: `${project}_scratch`,
    untilEnded: () =>
      waitUntil(
        'the drill has ended for good',
        async () => {
          const found = await containerState(container);
          return found.status === 'exited' && found;
        },
        { deadlineMs: 120_000 },
      ),
    [Symbol.asyncDispose]: async () => void (await compose('down', '-v')),
  };
}

describeWithLab('deploy/compose', () => {
  beforeAll(ensureOdoImages);

  test('a drill that is killed is started again by the engine, resumes, passes and leaves nothing', async () => {
    await using directory = await temporaryDirectory();
    await using source = await stallingBackup(directory.path);
    await using project = await startProject('odo-test-drill-killed', directory.path, source, {
      ODO_CHECKPOINT_SIZE: '16MiB',
    });
    const half = await untilHalfRestored(source, project.state);
    source.release();
    await killContainer(project.container);

    const ended = await project.untilEnded();
    expect(ended, await run('docker', ['logs', project.container])).toMatchObject({
      exitCode: 0,
      restarts: 1,
    });
    const [drill, ...others] = await runsIn(project.state);
    expect(others).toEqual([]);
    expect(drill).toMatchObject({ runId: half.runId, status: 'completed', verdict: 'passed' });
    expectResumed(source, drill);
    expect(await contentsOf(project.scratch)).toEqual([]);
  });

  test('a drill that fails is done once, and only told again when the engine starts it again', async () => {
    await using directory = await temporaryDirectory();
    await using source = await stallingBackup(directory.path);
    source.release();
    await using project = await startProject('odo-test-drill-failed', directory.path, source, {
      ODO_MAX_RPO: '1s',
    });
    expect(await project.untilEnded()).toMatchObject({ exitCode: 6, restarts: 5 });
    const [drill, ...others] = await runsIn(project.state);
    expect(others).toEqual([]);
    expect(drill).toMatchObject({ status: 'completed', verdict: 'failed' });
    expect(attemptsOf(drill)).toMatchObject({ restoreBase: 1, promote: 1, prove: 1, tearDown: 1 });
    expect(await contentsOf(project.scratch)).toEqual([]);
  });

  test('without a run key it is not started', async () => {
    const file = join(deployDirectory, 'compose/compose.yaml');
    const asked = run('docker', ['compose', '-f', file, 'config'], {
      env: { ODO_URL: 's3://backups/orders' },
    });
    await expect(asked).rejects.toThrow(/ODO_RUN_KEY.*name this drill/);
  });
});
