import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { OdoError } from '../errors/odo-error.ts';
import { segmentOfTitle } from '../postgres/process-title.ts';
import { atPath } from '../target/fs-errors.ts';
import type { Owner } from '../target/tree.ts';
import { clusterNameOf, launcherArguments, psqlArguments } from './launcher-settings.ts';
import { stopServer } from './launcher-stop.ts';
import { endServers, processesOn, removeStalePostmasterFile } from './leftover-servers.ts';
import { hostUser } from './local-binaries.ts';
import { livePostmaster, signalProcess } from './postmaster.ts';
import { identity, runAs, serverEnvironment } from './run-as.ts';
import type { ServerLauncher, ServerPaths, ServerProcess } from './server-launcher.ts';
import { makeSocketDirectory, removeSocketDirectory } from './socket-directory.ts';

/**
 * PostgreSQL of this host, as the owner of the data directory. It is a process group of its own and outlives odo
 * when odo is killed; the next attempt finds it by its cluster name and ends it. Needs Linux's /proc for that.
 */
export class LocalLauncher implements ServerLauncher {
  readonly description: string;
  readonly paths: ServerPaths;
  readonly #binDir: string;
  readonly #owner: Owner;
  readonly #runId: string;

  constructor(options: { binDir: string; owner: Owner; paths: ServerPaths; runId: string }) {
    this.description = `PostgreSQL of ${options.binDir}`;
    this.paths = options.paths;
    this.#binDir = options.binDir;
    this.#owner = options.owner;
    this.#runId = options.runId;
  }

  async launch(
    args: readonly string[],
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<ServerProcess> {
    signal.throwIfAborted();
    const { dataDirectory, socketDirectory } = this.paths;
    await this.#refuseForeignServer();
    await makeSocketDirectory(socketDirectory, this.#owner);
    const home = (await hostUser(this.#owner.uid))?.home || '/';
    const program = join(this.#binDir, 'postgres');
    const child = spawn(
      program,
      launcherArguments({ dataDirectory, socketDirectory, runId: this.#runId, args }),
      {
        ...identity(this.#owner),
        // From its first instant on, so that a leftover is known by it.
        cwd: dataDirectory,
        env: { ...serverEnvironment(), HOME: home, PWD: dataDirectory },
        detached: true, // an interrupt typed at odo's terminal is odo's to pass on
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const exited = Promise.withResolvers<{ readonly exitCode: number }>();
    const drained = [child.stdout, child.stderr].map(async (stream) => {
      const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', onLine);
      await once(lines, 'close');
    });
    child.once('exit', (code, unixSignal) => {
      // A child of the server that hangs on can keep the pipe open; its words are not worth waiting for.
      const patience = new AbortController();
      const enough = delay(5000, undefined, { signal: patience.signal }).catch(() => {});
      void Promise.race([Promise.all(drained), enough]).then(() => {
        patience.abort();
        exited.resolve({ exitCode: code ?? (unixSignal === null ? 255 : 128) });
      });
    });
    try {
      await once(child, 'spawn');
    } catch (cause) {
      throw new OdoError('STEP_FAILED', `${program} could not be started.`, {
        hint: 'Check that the owner of the data directory may run it and enter the data directory.',
        cause,
      });
    }
    const { pid } = child;
    if (pid === undefined) throw new OdoError('BUG', 'A server was started that has no pid.');
    let isOver = false;
    const stop = (mode: 'fast' | 'immediate'): Promise<void> =>
      stopServer(mode, (unixSignal) => void (isOver || signalProcess(pid, unixSignal)), exited.promise);
    const interrupt = (): void => void stop('fast');
    signal.addEventListener('abort', interrupt, { once: true });
    void exited.promise.then(() => {
      isOver = true;
      signal.removeEventListener('abort', interrupt);
    });
    if (signal.aborted) interrupt();
    return {
      exited: exited.promise,
      stop,
      replayedSegment: async () =>
        (await processesOn(dataDirectory))
          .map(({ title }) => segmentOfTitle(title))
          .find((segment) => segment !== null) ?? null,
      query: (sql, options) => this.#query(socketDirectory, sql, options),
    };
  }

  async runTool(
    tool: string,
    args: readonly string[],
    { asRoot, stdin, signal }: { asRoot: boolean; stdin?: string; signal: AbortSignal },
  ): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const owner = asRoot ? { uid: 0, gid: 0 } : this.#owner;
    return runAs(join(this.#binDir, tool), args, { owner, stdin, signal, environment: { LC_ALL: 'C' } });
  }

  async removeLeftovers(): Promise<void> {
    const { dataDirectory, socketDirectory } = this.paths;
    await endServers(dataDirectory, clusterNameOf(this.#runId));
    await removeStalePostmasterFile(dataDirectory);
    await removeSocketDirectory(socketDirectory);
  }

  async #query(
    socketDirectory: string,
    sql: string,
    options: { user: string; database: string },
  ): Promise<string> {
    const result = await runAs(
      join(this.#binDir, 'psql'),
      [...psqlArguments(socketDirectory, options), '-c', sql],
      { owner: this.#owner, environment: { LC_ALL: 'C', PGCONNECT_TIMEOUT: '30' } },
    );
    return queryResult(result);
  }

  /** PostgreSQL would refuse as well; its message would be taken for a failed recovery. */
  async #refuseForeignServer(): Promise<void> {
    const { dataDirectory } = this.paths;
    const server = await atPath(dataDirectory, () => livePostmaster(dataDirectory));
    if (server === null) return;
    throw new OdoError(
      'TARGET_IN_USE',
      `A PostgreSQL server that is not of this run runs on ${dataDirectory} (pid ${server.pid}).`,
      { hint: 'Stop it, then resume the run.', details: { pid: server.pid } },
    );
  }
}

/** psql's output, or its own message as an error. */
export function queryResult(result: { exitCode: number; stdout: string; stderr: string }): string {
  if (result.exitCode === 0) return result.stdout.replace(/\n$/, '');
  const said = result.stderr.trim() || `psql ended with exit code ${result.exitCode}`;
  throw new OdoError('STEP_FAILED', `The recovery server refused a query: ${said}`, {
    details: { exitCode: result.exitCode },
  });
}
