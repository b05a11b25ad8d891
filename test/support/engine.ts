import { randomUUID } from 'node:crypto';
import { connectDocker, type Docker } from '../../src/docker/client.ts';
import { runIdLabel } from '../../src/docker/labels.ts';
import { imageName } from '../lab/images.ts';

/** An engine that answers, and an image in it to make containers from. */
export interface TestEngine {
  readonly docker: Docker;
  readonly image: string;
}

/** Or why there is none: tests that need it skip and say so. */
export async function findEngine(): Promise<TestEngine | { readonly missing: string }> {
  const image = process.env['ODO_TEST_IMAGE'] ?? imageName(15);
  try {
    const docker = await connectDocker();
    if ((await docker.images.inspect(image)) !== null) return { docker, image };
    return { missing: `the engine has no image ${image}; npm run lab builds it` };
  } catch (error) {
    return { missing: String(error) };
  }
}

/** A run id that no other test has. */
export function testRunId(): string {
  return `test-${randomUUID().slice(0, 8)}`;
}

/** Removes every container and volume that carries one of these run ids. */
export async function removeEverythingOf(docker: Docker, ...runIds: readonly string[]): Promise<void> {
  for (const runId of runIds) {
    const labels = { [runIdLabel]: runId };
    for (const { Id } of await docker.containers.list({ all: true, labels })) {
      await docker.containers.remove(Id, { force: true });
    }
    for (const { Name } of await docker.volumes.list({ labels })) await docker.volumes.remove(Name);
  }
}
