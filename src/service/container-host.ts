import type { Docker } from '../docker/client.ts';
import { isConflict, isNotFound } from '../docker/engine-error.ts';
import type { Owner } from '../target/tree.ts';
import type { ServerHost } from './ask-server.ts';
import { containerLogTail } from './container-facts.ts';
import { containerArgv } from './container-tool.ts';
import { textInTar } from './tar-text.ts';

/** A restart policy that has tried this often since `ask` began will not bring the server up. */
const restartLimit = 3;

/** The server in a service's container, asked from inside it. */
export function containerHost(
  docker: Docker,
  options: {
    readonly container: string;
    readonly description: string;
    readonly pgdata: string;
    readonly owner: Owner | null;
  },
): ServerHost {
  const { container, description, pgdata, owner } = options;
  const user = owner === null ? 'postgres' : `${owner.uid}:${owner.gid}`;
  let restartsBefore: number | null = null;
  return {
    description,
    dataDirectory: pgdata,
    async run(program, args, signal) {
      try {
        const env = { LC_ALL: 'C', PGCONNECT_TIMEOUT: '10' };
        return await docker.containers.exec(container, containerArgv(program, args), { user, env, signal });
      } catch (error) {
        // It is between two starts; `ended` says whether for good.
        if (!isConflict(error) && !isNotFound(error)) throw error;
        return { exitCode: 2, stdout: '', stderr: 'its container is not running' };
      }
    },
    async readPostmasterFile(signal) {
      const tar = await docker.containers.getArchive(container, `${pgdata}/postmaster.pid`, signal);
      if (tar === null) return null;
      return textInTar(tar);
    },
    async ended(signal) {
      const found = await docker.containers.inspect(container, signal);
      if (found === null) return 'its container is gone';
      const { Status, ExitCode } = found.State;
      restartsBefore ??= found.RestartCount;
      if (found.RestartCount - restartsBefore >= restartLimit) {
        return `it is started again and again and ends each time (exit code ${ExitCode})`;
      }
      if (Status === 'exited' || Status === 'dead') return `it ended with exit code ${ExitCode}`;
      return Status === 'created' ? 'its container was never started' : null;
    },
    logTail: () => containerLogTail(docker, container, 40),
  };
}
