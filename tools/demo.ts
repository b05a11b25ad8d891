/**
 * `npm run demo`: a real PostgreSQL cluster, its pg_basebackup in an S3 bucket, a restore that is killed with SIGKILL in
 * the middle of the base backup, and resumed. Exits 0 only when every row is there.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { listRuns } from '../src/run/status.ts';
import { formatBytes } from '../src/steps/units.ts';
import { installedServers, installPackages } from '../test/lab/debian-packages.ts';
import { type Psql, readTableFacts } from '../test/lab/psql.ts';
import { run } from '../test/lab/run-command.ts';
import { startS3 } from '../test/lab/s3-server.ts';
import { createSampleSql, sampleDatabase, type TableFacts } from '../test/lab/sample-data.ts';
import { freePort } from '../test/lab/source-cluster.ts';
import { uploadDirectory } from '../test/lab/upload.ts';
import { waitUntil } from '../test/lab/wait-until.ts';

const cli = join(import.meta.dirname, '../src/cli.ts');
const isRoot = process.getuid?.() === 0;

let step = 0;
function headline(text: string): void {
  step += 1;
  console.log(`\n${styleText('bold', `${step}. ${text}`)}`);
}
const note = (text: string) => console.log(styleText('dim', `   ${text}`));

await installPackages(['postgresql']);
const server = (await installedServers())[0];
if (server === undefined) throw new Error('No PostgreSQL server is installed below /usr/lib/postgresql.');
const { binDir, major } = server;
// PostgreSQL refuses to run as root.
const owner = isRoot
  ? { uid: Number(await run('id', ['-u', 'postgres'])), gid: Number(await run('id', ['-g', 'postgres'])) }
  : {};

const directory = mkdtempSync(join(tmpdir(), 'odo-demo-'));
chmodSync(directory, 0o755);
if (owner.uid !== undefined) chownSync(directory, owner.uid, owner.gid);
const source = join(directory, 'source');
const restored = join(directory, 'restored');

/** A program of the server, as the user who owns the data. */
const postgres = (program: string, args: readonly string[], input?: string) =>
  run(join(binDir, program), args, {
    ...owner,
    cwd: directory,
    env: { LC_ALL: 'C' },
    ...(input === undefined ? {} : { input }),
  });

const port = await freePort();
const connection = ['-h', directory, '-p', String(port), '-U', 'postgres'];
const psql: Psql = (sql, database = sampleDatabase) =>
  postgres('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...connection, '-d', database], sql);

async function stopServer(data: string): Promise<void> {
  if (existsSync(join(data, 'postmaster.pid')))
    await postgres('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop']);
}

const cleanUps: (() => Promise<void> | void)[] = [() => rmSync(directory, { recursive: true, force: true })];
async function cleanUp(): Promise<void> {
  for (const undo of cleanUps.splice(0).reverse()) await undo();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
}

/** odo as an operator runs it, its output straight to the terminal. */
function odo(args: readonly string[], env: Readonly<Record<string, string>>) {
  console.log(`\n${styleText('green', '$')} odo ${args.join(' ')}`);
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
  return { child, ended };
}

function compare(
  before: Readonly<Record<string, TableFacts>>,
  after: Readonly<Record<string, TableFacts>>,
): boolean {
  console.log(
    `   ${'table'.padEnd(12)}${'rows before'.padStart(14)}${'rows after'.padStart(14)}   checksum over every row`,
  );
  let same = Object.keys(before).length === Object.keys(after).length;
  for (const [table, facts] of Object.entries(before)) {
    const found = after[table];
    const equal = found?.rows === facts.rows && found.checksum === facts.checksum;
    same &&= equal;
    const verdict = equal ? styleText('green', 'equal') : styleText('red', 'DIFFERENT');
    console.log(
      `   ${table.padEnd(12)}${String(facts.rows).padStart(14)}${String(found?.rows ?? 'none').padStart(14)}   ${verdict}`,
    );
  }
  return same;
}

async function demo(): Promise<boolean> {
  headline(`A PostgreSQL ${major} cluster with data`);
  await postgres('initdb', ['-D', source, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']);
  const settings = { port, listen_addresses: '', unix_socket_directories: directory, max_wal_size: '4GB' };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  await run('tee', ['-a', join(source, 'postgresql.conf')], { input: lines.join('') });
  cleanUps.push(() => stopServer(source));
  await postgres('pg_ctl', [
    '-D',
    source,
    '-w',
    '-l',
    join(directory, 'source.log'),
    '-o',
    '-c fsync=off',
    'start',
  ]);
  await psql(`create database ${sampleDatabase}`, 'postgres');
  await psql(createSampleSql(3));
  // An unlogged table is empty after every restore; it would only confuse here.
  await psql('drop table scratch');
  const before = await readTableFacts(psql);
  const rows = Object.values(before).reduce((sum, table) => sum + table.rows, 0);
  const size = Number(await psql('select sum(pg_database_size(oid)) from pg_database'));
  note(`${rows.toLocaleString('en')} rows in ${Object.keys(before).length} tables, ${formatBytes(size)}`);

  headline('Its backup: pg_basebackup, into an S3 bucket');
  const backup = join(directory, 'backup');
  await postgres('pg_basebackup', [
    '-D',
    backup,
    '-Ft',
    '-z',
    '-Z',
    '1',
    '-X',
    'stream',
    '-c',
    'fast',
    ...connection,
  ]);
  const s3 = await startS3({ storageDir: join(directory, 's3'), buckets: ['backups'] });
  cleanUps.push(() => s3.stop());
  const folder = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
  const sizes = await uploadDirectory(s3, { bucket: 'backups', prefix: `shop/${folder}` }, backup);
  for (const [name, bytes] of sizes) note(`s3://backups/shop/${folder}/${name}   ${formatBytes(bytes)}`);
  rmSync(backup, { recursive: true });

  headline('The server is lost, and restored from the bucket');
  await stopServer(source);
  rmSync(source, { recursive: true });
  note(`${source} is gone`);
  const stateHome = join(directory, 'state');
  await mkdir(stateHome);
  const env = { ...s3.env, XDG_STATE_HOME: stateHome };
  const journal = join(stateHome, 'odo/journal.sqlite');
  cleanUps.push(() => stopServer(restored));
  const first = odo(
    [
      'start',
      '-u',
      's3://backups/shop',
      '-e',
      s3.endpoint,
      '--data-dir',
      restored,
      '--local',
      '--pg-bin',
      binDir,
      '--checkpoint-size',
      '32MiB',
      '--yes',
    ],
    env,
  );
  let over = false;
  void first.ended.then(() => (over = true));
  // Not before a part of base.tar.gz is safe, and not when nearly all of it is.
  const killedAt = await waitUntil(
    'the base backup is half read',
    () => {
      if (over) return 'over' as const;
      const status = existsSync(journal) ? listRuns(journal, { last: 1 }).runs[0] : undefined;
      const base = status?.baseBytes;
      return base && base.done > 0.3 * base.total && base.done < 0.9 * base.total ? { status, base } : null;
    },
    { deadlineMs: 120_000, everyMs: 20 },
  );
  if (killedAt === 'over') throw new Error('The restore ended before it could be killed.');
  first.child.kill('SIGKILL');
  await first.ended;
  const { runId } = killedAt.status;
  const { done, total } = killedAt.base;

  headline('Killed: SIGKILL in the middle of base.tar.gz');
  note(`kill -9 ${first.child.pid}, with ${formatBytes(done)} of ${formatBytes(total)} safe on disk`);
  if ((await odo(['status', runId], env).ended) !== 0) throw new Error('odo status failed.');

  headline('Resumed: it goes on inside the archive');
  if ((await odo(['resume', runId], env).ended) !== 0) throw new Error('odo resume failed.');

  headline('The restored server, compared with the lost one');
  return compare(before, await readTableFacts(psql));
}

try {
  const whole = await demo();
  console.log(
    whole
      ? styleText(['bold', 'green'], '\nEvery row is there.\n')
      : styleText(['bold', 'red'], '\nRows are missing or changed.\n'),
  );
  process.exitCode = whole ? 0 : 1;
} finally {
  await cleanUp();
}
