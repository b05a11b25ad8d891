import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runIdLabel } from '../../../src/docker/labels.ts';
import { serversIn } from '../../../src/target/live-users.ts';
import { openTarget } from '../../../src/target/open-target.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { findEngine, removeEverythingOf, type TestEngine, testRunId } from '../../support/engine.ts';

const engine = await findEngine();

if ('missing' in engine)
  describe.skip(`PostgreSQL in a container: ${engine.missing}`, () => it('is not tested', () => {}));
else describeServer(engine);

function describeServer({ docker, image }: TestEngine): void {
  it('finds PostgreSQL that a container runs on a directory, also without asking the engine', async () => {
    const runId = testRunId();
    const parent = await mkdtemp(join(tmpdir(), 'odo-live-'));
    await using _ = {
      async [Symbol.asyncDispose]() {
        await removeEverythingOf(docker, runId);
        await rm(parent, { recursive: true });
      },
    };
    await chmod(parent, 0o777);
    const path = join(parent, 'data');
    const id = await docker.containers.create({
      Image: image,
      Env: ['POSTGRES_PASSWORD=secret', 'PGDATA=/pg/data'],
      Labels: { [runIdLabel]: runId },
      HostConfig: { Binds: [`${parent}:/pg`], NetworkMode: 'none' },
    });
    await docker.containers.start(id);
    // Its postmaster.pid says 1, which is another process out here.
    const servers = await waitUntil('the server is seen', async () => {
      const found = await serversIn(path);
      return found.length > 0 && found;
    });
    expect(servers).toEqual([
      { description: expect.stringMatching(/^PostgreSQL, pid \d{2,}$/), containerId: null },
    ]);
    const facts = await openTarget({ kind: 'data-directory', path }).inspect(new AbortController().signal);
    expect(facts.liveUsers.map(({ containerId }) => containerId)).toEqual([id]);
    await docker.containers.kill(id, 'SIGKILL');
    await docker.containers.wait(id);
    expect(await serversIn(path)).toEqual([]);
  });
}
