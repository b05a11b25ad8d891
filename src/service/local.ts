import { chown, mkdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { parsePgVersion } from '../postgres/server-version.ts';
import { atPath } from '../target/fs-errors.ts';
import type { Owner } from '../target/tree.ts';
import { askServer } from './ask-server.ts';
import { stopTimeoutSeconds, superuserCandidates } from './conventions.ts';
import { findDebianCluster } from './debian-cluster.ts';
import { findLocalBinaries, hostUser } from './local-binaries.ts';
import { localLogTail, startLog } from './local-log.ts';
import { reportOf } from './log-report.ts';
import { cannotChangeVolume } from './none.ts';
import { livePostmaster, readPostmasterFile, stopPostmaster } from './postmaster.ts';
import { runAs } from './run-as.ts';
import type { Service, ServiceAnswer, ServiceFacts, ServiceSpec } from './service.ts';

/**
 * A server of this host, of no engine. Started with pg_ctl as the owner of its data directory; a directory that
 * Debian's postgresql-common knows is started with pg_ctlcluster, because its configuration lies under /etc.
 */
export class LocalService implements Service {
  readonly spec: Extract<ServiceSpec, { kind: 'local' }>;

  constructor(spec: Extract<ServiceSpec, { kind: 'local' }>) {
    this.spec = spec;
  }

  async inspect(_signal: AbortSignal): Promise<ServiceFacts> {
    const directory = this.#directory(null);
    const major = await majorOfDirectory(directory);
    // A directory that is still empty has no major; a binDir that was given has.
    const binaries =
      this.spec.binDir === null && major === null
        ? null
        : await findLocalBinaries(this.spec.binDir, major ?? 0);
    const owner = (await ownerOf(directory)) ?? binaries?.owner ?? null;
    return {
      description: `PostgreSQL server of ${directory}`,
      kind: 'local',
      running: (await livePostmaster(directory)) !== null,
      containerIds: [],
      project: null,
      image: null,
      serverMajor: binaries?.serverMajor ?? null,
      pgdata: null,
      mounts: [],
      owner,
      superuser: null,
      database: null,
    };
  }

  async isRunning(_signal: AbortSignal): Promise<boolean> {
    return (await livePostmaster(this.#directory(null))) !== null;
  }

  async stop(signal: AbortSignal): Promise<void> {
    await stopPostmaster(this.#directory(null), 'fast', { deadlineMs: stopTimeoutSeconds * 1000, signal });
  }

  async checkVolumeChange(): Promise<void> {
    throw cannotChangeVolume('A server of this host has');
  }

  async useVolume(): Promise<void> {
    throw cannotChangeVolume('A server of this host has');
  }

  async start(dataDirectory: string | null, signal: AbortSignal): Promise<void> {
    const directory = this.#directory(dataDirectory);
    if ((await livePostmaster(directory)) !== null) return;
    const cluster = await findDebianCluster(directory);
    const environment = { LC_ALL: 'C', PGCTLTIMEOUT: String(stopTimeoutSeconds) };
    const result =
      cluster === null
        ? await this.#pgCtl(directory, environment, signal)
        : await runAs('pg_ctlcluster', [cluster.major, cluster.name, 'start'], {
            owner: null,
            signal,
            environment,
          });
    if ((await livePostmaster(directory)) !== null) return;
    const serverLog = await localLogTail(directory, cluster, 40);
    const { says, ...report } = reportOf(serverLog, join(directory, startLog));
    const said = (result.stderr || result.stdout).trim().split('\n').at(-1);
    throw new OdoError(
      'STEP_FAILED',
      `The PostgreSQL server of ${directory} did not start: ${says ?? said ?? `exit code ${result.exitCode}`}`,
      report,
    );
  }

  async ask(
    options: { superuser: string | null; dataDirectory: string | null; deadlineMs: number },
    signal: AbortSignal,
  ): Promise<ServiceAnswer> {
    const directory = this.#directory(options.dataDirectory);
    const { binDir } = await this.#binaries(directory);
    const owner = await ownerOf(directory);
    const user = owner === null ? null : await hostUser(owner.uid);
    let seen = false;
    return askServer(
      {
        description: `PostgreSQL server of ${directory}`,
        dataDirectory: directory,
        run: (program, args, at) =>
          runAs(join(binDir, program), args, {
            owner,
            signal: at,
            environment: { LC_ALL: 'C', PGCONNECT_TIMEOUT: '10', HOME: user?.home || '/' },
          }),
        readPostmasterFile: () => readPostmasterFile(directory),
        ended: async () => {
          const lives = (await livePostmaster(directory)) !== null;
          seen ||= lives;
          return lives ? null : seen ? 'it has ended' : 'no process runs on that directory';
        },
        logTail: () => this.logTail(40),
      },
      {
        superusers: superuserCandidates(options.superuser, 'postgres', user?.name),
        deadlineMs: options.deadlineMs,
      },
      signal,
    );
  }

  async logTail(lines: number): Promise<string[]> {
    const directory = this.#directory(null);
    return localLogTail(directory, await findDebianCluster(directory), lines);
  }

  async #pgCtl(directory: string, environment: Record<string, string>, signal: AbortSignal) {
    const { binDir } = await this.#binaries(directory);
    const owner = await ownerOf(directory);
    const log = join(directory, startLog);
    await atPath(log, async () => {
      const folder = join(log, '..');
      const made = await mkdir(folder, { recursive: true, mode: 0o700 });
      if (made !== undefined && owner !== null) await chown(folder, owner.uid, owner.gid);
    });
    const args = ['start', '-D', directory, '-w', '-t', String(stopTimeoutSeconds), '-s', '-l', log];
    return runAs(join(binDir, 'pg_ctl'), args, { owner, signal, environment });
  }

  async #binaries(directory: string): Promise<{ binDir: string }> {
    const major = await majorOfDirectory(directory);
    if (major === null) {
      throw new OdoError('STEP_FAILED', `${directory} holds no data directory that could be started.`);
    }
    const found = await findLocalBinaries(this.spec.binDir, major);
    if (found !== null) return found;
    throw new OdoError('PRECONDITION_FAILED', `No PostgreSQL ${major} was found on this host.`, {
      hint: 'Install it, or name the directory of its programs with --pg-bin DIR.',
    });
  }

  #directory(given: string | null): string {
    const directory = given ?? this.spec.dataDirectory ?? null;
    if (directory !== null && isAbsolute(directory)) return directory;
    throw new OdoError('USAGE', 'Which data directory the server of this host runs on is not known.', {
      hint: 'Name it with --data-dir DIR (an absolute path).',
    });
  }
}

async function majorOfDirectory(directory: string): Promise<number | null> {
  return parsePgVersion(await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => ''));
}

/** Null when it is absent, or empty and root's: then it says nothing about who shall run PostgreSQL. */
async function ownerOf(directory: string): Promise<Owner | null> {
  const found = await stat(directory).catch(() => null);
  return found === null || found.uid === 0 ? null : { uid: found.uid, gid: found.gid };
}
