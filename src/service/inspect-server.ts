import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Docker } from '../docker/client.ts';
import { isEngineTrouble } from '../docker/engine-error.ts';
import { containerArgv } from './container-tool.ts';
import { withImageContainer } from './image-container.ts';
import { officialInventory } from './official-inventory.ts';
import { runAs, serverEnvironment } from './run-as.ts';
import { inventoryScript, parseInventory, type ServerInventory } from './server-inventory.ts';
import type { LauncherSpec } from './server-launcher.ts';

const environment = { LC_ALL: 'C' };

/**
 * What the server of a launcher has, and what lies at `paths` (absolute). A container is made of the image alone: what a
 * service mounts into it is not seen. A server elsewhere is taken for the official image. Changes nothing.
 */
export async function inspectServer(
  spec: LauncherSpec,
  paths: readonly string[],
  { docker, signal }: { docker: () => Promise<Docker>; signal: AbortSignal },
): Promise<ServerInventory> {
  if (spec.kind === 'local') return inspectLocal(spec, paths, signal);
  if (spec.kind === 'elsewhere') return officialInventory(paths);
  const { uid, gid } = spec.owner;
  const argv = containerArgv('/bin/sh', ['-c', inventoryScript, 'sh', ...paths]);
  const engine = await docker();
  return withImageContainer(
    engine,
    spec.image,
    { argv, user: `${uid}:${gid}`, environment, signal },
    async (container) => {
      const lines: string[] = [];
      try {
        await engine.containers.start(container, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isEngineTrouble(error)) throw error;
        return parseInventory(lines); // no shell in it: then nobody tells
      }
      await engine.containers.wait(container, signal);
      for await (const line of engine.containers.logs(container, { signal })) lines.push(line.text);
      return parseInventory(lines);
    },
  );
}

async function inspectLocal(
  { binDir, owner }: Extract<LauncherSpec, { kind: 'local' }>,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ServerInventory> {
  // A link in PATH leads to where the programs and the library folder beside them are.
  const directory = join(await realpath(join(binDir, 'postgres')), '..');
  const { PATH } = serverEnvironment();
  const result = await runAs('/bin/sh', ['-c', inventoryScript, 'sh', ...paths], {
    owner,
    signal,
    environment: { ...environment, PATH: `${directory}:${PATH}` },
  });
  return parseInventory(result.stdout.split('\n'));
}
