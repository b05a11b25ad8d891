import { mkdir, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runIdLabel } from '../../src/docker/labels.ts';
import { fixture } from '../lab/fixtures.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { type OdoProgram, type OdoResult, odo, spawnOdo } from './odo-program.ts';
import { temporaryDirectory } from './temporary-directory.ts';

type Environment = Readonly<Record<string, string>>;

/** Where drills of one backup leave nothing behind; `args` say what is restored into: a directory, if they do not. */
export async function openDrillPlace(options: { fixture: string; args?: readonly string[] }) {
  const backup = await fixture(options.fixture as Parameters<typeof fixture>[0]);
  const s3 = await startS3({ storageDir: backup.storageDir });
  const directory = await temporaryDirectory();
  const drillDir = join(directory.path, 'drills');
  await mkdir(drillDir);
  const env = { ...s3.env, XDG_STATE_HOME: directory.path };
  const where = options.args ?? ['--drill-dir', drillDir];
  const given = (more: readonly string[]) => [
    ...['drill', '-u', backup.url, '-e', s3.endpoint],
    ...where,
    ...['--json', ...more],
  ];
  const act = (command: string, runId: string, more: Environment = {}) =>
    odo([command, runId, '--json'], { env: { ...env, ...more } });
  return {
    drill: (args: readonly string[] = [], more: Environment = {}): Promise<OdoResult> =>
      odo(given(args), { env: { ...env, ...more } }),
    spawn: (args: readonly string[] = []): OdoProgram => spawnOdo(given(args), { env }),
    spawnResume: (runId: string): OdoProgram => spawnOdo(['resume', runId, '--json'], { env }),
    resume: (runId: string, more: Environment = {}) => act('resume', runId, more),
    abandon: (runId: string, more: Environment = {}) => act('abandon', runId, more),
    status: async (runId: string) => (await act('status', runId)).events[0],
    leftOf: async (runId: string) => [
      ...(await readdir(drillDir)),
      ...(await readdir(tmpdir())).filter((name) => name.includes(runId)),
      ...(await processesOf(runId)),
      ...(options.args === undefined ? [] : await objectsOf(runId)),
    ],
    [Symbol.asyncDispose]: async () => {
      await s3[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

export const runIdOf = ({ events }: OdoResult): string =>
  String(events.find((event) => event.runId !== undefined)?.runId);

/** Processes that carry the run's name: a server listens nowhere when it is not there. */
export async function processesOf(runId: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(runId)).map((line) => line.replaceAll('\0', ' '));
}

/** Containers and volumes of the run. */
export async function objectsOf(runId: string): Promise<string[]> {
  const filter = ['--filter', `label=${runIdLabel}=${runId}`];
  const [containers, volumes] = await Promise.all([
    run('docker', ['ps', '-a', '--format', '{{.Names}}', ...filter]),
    run('docker', ['volume', 'ls', '--format', '{{.Name}}', ...filter]),
  ]);
  return `${containers}\n${volumes}`.split('\n').filter(Boolean);
}
