import { OdoError } from '../errors/odo-error.ts';
import { formatVersionNumber, isSupportedMajor, majorOfVersionNumber } from '../postgres/server-version.ts';
import type { BackupServer } from './backup-server.ts';

/** What a server says about itself before its backup begins. */
export interface ServerFacts {
  readonly systemIdentifier: string;
  /** `server_version_num` */
  readonly versionNumber: number;
  /** What its databases take; null when it does not tell this user. @unit bytes */
  readonly dataBytes: number | null;
}

const questions = ['IDENTIFY_SYSTEM', 'SHOW server_version_num', 'SHOW wal_level'];

/** The first of these that lets odo in for a backup. @throws PRECONDITION_FAILED with the server's own words */
export async function chooseServer(
  candidates: readonly BackupServer[],
  signal: AbortSignal,
): Promise<{ server: BackupServer; facts: ServerFacts }> {
  let refusal: OdoError | null = null;
  for (const server of candidates) {
    const answer = await server.ask(questions, { replication: true }, signal);
    if (answer.exitCode === 0) return { server, facts: await factsOf(server, answer.stdout, signal) };
    refusal ??= refused(server, answer.stderr);
  }
  throw refusal ?? new OdoError('BUG', 'There is no server to ask.');
}

async function factsOf(server: BackupServer, answer: string, signal: AbortSignal): Promise<ServerFacts> {
  const [system = '', version = '', walLevel = ''] = answer.trim().split('\n');
  const [systemIdentifier = ''] = system.split('|');
  const versionNumber = Number(version);
  const major = majorOfVersionNumber(versionNumber);
  if (!/^\d+$/.test(systemIdentifier) || major === null)
    throw new OdoError(
      'PRECONDITION_FAILED',
      `${server.description} gave an answer that odo does not understand.`,
    );
  if (!isSupportedMajor(major)) {
    throw new OdoError(
      'PRECONDITION_FAILED',
      `${server.description} is PostgreSQL ${formatVersionNumber(versionNumber)}; odo backs up 13 to 18.`,
    );
  }
  if (walLevel.trim() === 'minimal') {
    throw new OdoError(
      'PRECONDITION_FAILED',
      `${server.description} has wal_level = minimal, which writes too little WAL for a backup.`,
      { hint: 'Set wal_level = replica and restart the server.' },
    );
  }
  await refuseTablespaces(server, signal);
  return { systemIdentifier, versionNumber, dataBytes: await dataBytesOf(server, signal) };
}

const tablespacesSql = `SELECT string_agg(spcname, ', ' ORDER BY spcname) FROM pg_tablespace
  WHERE spcname NOT IN ('pg_default', 'pg_global')`;

/** pg_basebackup writes one tar for each, and stdout takes one. A user who may not look is told by pg_basebackup. */
async function refuseTablespaces(server: BackupServer, signal: AbortSignal): Promise<void> {
  const answer = await server.ask([tablespacesSql], { replication: false }, signal);
  const names = answer.exitCode === 0 ? answer.stdout.trim() : '';
  if (names === '') return;
  throw new OdoError(
    'PRECONDITION_FAILED',
    `${server.description} has tablespaces (${names}), and pg_basebackup streams only one tar.`,
    {
      hint: 'Take the backup with barman-cloud-backup, or with pg_basebackup -Ft into a directory that you upload; odo restores both.',
      details: { tablespaces: names.split(', ') },
    },
  );
}

async function dataBytesOf(server: BackupServer, signal: AbortSignal): Promise<number | null> {
  const sql = 'SELECT sum(pg_database_size(oid)) FROM pg_database';
  const answer = await server.ask([sql], { replication: false }, signal);
  const bytes = Number(answer.stdout.trim());
  return answer.exitCode === 0 && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** By what PostgreSQL says in English; anything else is shown as it is. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /max_wal_senders|wal_level/,
    'Set wal_level = replica and max_wal_senders to 2 or more, and restart the server.',
  ],
  [
    /pg_hba\.conf/,
    'Let the user in with a line in pg_hba.conf: host replication USER ADDRESS scram-sha-256, then SELECT pg_reload_conf().',
  ],
  [
    /replication role|permission denied to start WAL sender|REPLICATION/,
    'Give the user the right to take backups: ALTER ROLE name REPLICATION.',
  ],
  [
    /password|fe_sendauth/,
    'Give the password by PGPASSWORD or in ~/.pgpass (mode 0600), with replication as the database’s name.',
  ],
  [
    /Connection refused|socket .*No such file/,
    'Is it running, and does it listen there? --conninfo says where it is reached, such as host=db1 port=5433.',
  ],
  [
    /could not be run|: not found/,
    'Install PostgreSQL’s client programs, or name their directory with --pg-bin.',
  ],
];

export function refused(server: BackupServer, stderr: string): OdoError {
  const says = stderr
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .join(' ');
  const hint = hints.find(([pattern]) => pattern.test(says))?.[1];
  return new OdoError('PRECONDITION_FAILED', `${server.description} cannot be asked: ${says}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
