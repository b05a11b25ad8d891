import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { OdoError } from '../errors/odo-error.ts';
import { segmentOfTitle } from '../postgres/process-title.ts';
import { atPath } from '../target/fs-errors.ts';
import type { Owner } from '../target/tree.ts';
import type { ToolResult } from './ask-server.ts';
import { FollowedFile } from './followed-file.ts';
import {
  clusterNameOf,
  connectionEnvironment,
  connectionOptions,
  type Login,
  launcherArguments,
  psqlArguments,
  shellCommand,
} from './launcher-settings.ts';
import { stopServer } from './launcher-stop.ts';
import { endServers, processesOn, removeStalePostmasterFile, serverRuns } from './leftover-servers.ts';
import { hostUser } from './local-binaries.ts';
import { livePostmaster, signalProcess } from './postmaster.ts';
import { identity, runAs, serverEnvironment } from './run-as.ts';
import type { LaunchOptions, ServerLauncher, ServerPaths, ServerProcess } from './server-launcher.ts';
import { makeSocketDirectory, removeSocketDirectory } from './socket-directory.ts';

/** In the work directory: of a server that outlives odo. */
const serverLog = 'server.log';

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
    { outlives = false, port = null }: LaunchOptions = {},
  ): Promise<ServerProcess> {
    signal.throwIfAborted();
    const { dataDirectory, socketDirectory, workDirectory } = this.paths;
    await this.#refuseForeignServer();
    await makeSocketDirectory(socketDirectory, this.#owner);
    const home = (await hostUser(this.#owner.uid))?.home || '/';
    const program = join(this.#binDir, 'postgres');
    const logFile = outlives ? await openLog(join(workDirectory, serverLog)) : null;
    const followed = logFile === null ? null : new FollowedFile(join(workDirectory, serverLog), onLine);
    await followed?.follow();
    const child = spawn(
      program,
      launcherArguments({
        dataDirectory,
        socketDirectory,
        runId: this.#runId,
        args,
        listen: port === null ? null : { address: '127.0.0.1', port },
      }),
      {
        ...identity(this.#owner),
        // From its first instant on, so that a leftover is known by it.
        cwd: dataDirectory,
        env: { ...serverEnvironment(), HOME: home, PWD: dataDirectory },
        detached: true, // an interrupt typed at odo's terminal is odo's to pass on
        stdio: logFile === null ? ['ignore', 'pipe', 'pipe'] : ['ignore', logFile.fd, logFile.fd],
      },
    );
    const exited = Promise.withResolvers<{ readonly exitCode: number }>();
    const drained = [child.stdout, child.stderr].map(async (stream) => {
      if (stream === null) return;
      const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', onLine);
      await once(lines, 'close');
    });
    child.once('exit', (code, unixSignal) => {
      // A child of the server that hangs on can keep the pipe open; its words are not worth waiting for.
      const patience = new AbortController();
      const enough = delay(5000, undefined, { signal: patience.signal }).catch(() => {});
      void Promise.race([Promise.all([...drained, followed?.end()]), enough]).then(() => {
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
    await logFile?.close();
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
      query: (sql, options) => this.#query(socketDirectory, sql, { ...options, port }),
      runClient: (program, args, options) => this.#runClient(program, args, { ...options, port }),
      release: async () => {
        if (followed === null) throw new OdoError('BUG', 'This server ends with odo.');
        signal.removeEventListener('abort', interrupt);
        child.unref();
        await followed[Symbol.asyncDispose]();
      },
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

  isRunning(): Promise<boolean> {
    return serverRuns(this.paths.dataDirectory, clusterNameOf(this.#runId));
  }

  psqlCommand(options: Login): string {
    return shellCommand([
      join(this.#binDir, 'psql'),
      ...connectionOptions(this.paths.socketDirectory, options),
    ]);
  }

  async removeLeftovers(): Promise<void> {
    const { dataDirectory, socketDirectory } = this.paths;
    await endServers(dataDirectory, clusterNameOf(this.#runId));
    await removeStalePostmasterFile(dataDirectory);
    await removeSocketDirectory(socketDirectory);
  }

  async #query(socketDirectory: string, sql: string, options: Login): Promise<string> {
    const result = await runAs(
      join(this.#binDir, 'psql'),
      [...psqlArguments(socketDirectory, options), '-c', sql],
      { owner: this.#owner, environment: { LC_ALL: 'C', PGCONNECT_TIMEOUT: '30' } },
    );
    return queryResult(result);
  }

  async #runClient(
    program: string,
    args: readonly string[],
    { stdin, signal, ...connection }: Parameters<ServerProcess['runClient']>[2] & Login,
  ): Promise<ToolResult> {
    const path = join(this.#binDir, program);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) return { exitCode: 127, stdout: '', stderr: `${path} is not there` };
    const environment = connectionEnvironment(this.paths.socketDirectory, connection);
    return runAs(path, args, { owner: this.#owner, stdin, signal, environment });
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

/** The server writes through the handle that it inherits, so that it needs no right of its own. */
const openLog = (path: string) => atPath(path, () => open(path, 'w', 0o600));

/** psql's output, or its own message as an error. */
export function queryResult(result: { exitCode: number; stdout: string; stderr: string }): string {
  if (result.exitCode === 0) return result.stdout.replace(/\n$/, '');
  const said = result.stderr.trim() || `psql ended with exit code ${result.exitCode}`;
  throw new OdoError('STEP_FAILED', `The recovery server refused a query: ${said}`, {
    details: { exitCode: result.exitCode },
  });
}
