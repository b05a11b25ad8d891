import { setTimeout as delay } from 'node:timers/promises';
import { OdoError } from '../errors/odo-error.ts';
import { reportOf } from './log-report.ts';
import { connectionArguments, parsePostmasterFile } from './postmaster-file.ts';
import type { ServiceAnswer } from './service.ts';

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The place where the server runs: this host, or its container. */
export interface ServerHost {
  readonly description: string;
  /** As the server sees it. */
  readonly dataDirectory: string;
  /** Runs one of PostgreSQL's programs as the owner of the data directory, messages in English. */
  run(program: string, args: readonly string[], signal: AbortSignal): Promise<ToolResult>;
  /** Null when there is none. */
  readPostmasterFile(signal: AbortSignal): Promise<string | null>;
  /** Null while it runs or may still come up; otherwise what became of it. */
  ended(signal: AbortSignal): Promise<string | null>;
  logTail(): Promise<string[]>;
}

const question = `SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()),
  CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id::text FROM pg_control_checkpoint())
    ELSE 'x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
  current_setting('server_version'), (SELECT status FROM pg_stat_wal_receiver)`;

/** The database `postgres` can have been dropped; the template cannot. */
const databases = ['postgres', 'template1'];

type Outcome =
  | { readonly kind: 'answer'; readonly answer: ServiceAnswer }
  | { readonly kind: 'not-ready'; readonly reason: string }
  /** It takes connections, but none of these. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Asks the server over its socket until it answers, ends, or the deadline has passed. @throws STEP_FAILED */
export async function askServer(
  host: ServerHost,
  options: { readonly superusers: readonly string[]; readonly deadlineMs: number },
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  const until = performance.now() + options.deadlineMs;
  let refusals = 0;
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 1000)) {
    signal.throwIfAborted();
    const ended = await host.ended(signal);
    if (ended !== null) throw await failed(host, `${host.description} does not run: ${ended}`);
    const outcome = await attempt(host, options.superusers, signal);
    if (outcome.kind === 'answer') return outcome.answer;
    // Between a refusal and pg_isready's look the server may have become ready; so it must refuse twice.
    refusals = outcome.kind === 'refused' ? refusals + 1 : 0;
    if (refusals >= 2) return answerOfControlFile(host, outcome.reason, signal);
    if (performance.now() > until) {
      const seconds = Math.round(options.deadlineMs / 1000);
      throw await failed(host, `${host.description} did not answer within ${seconds} s (${outcome.reason})`);
    }
    await delay(pause, undefined, { signal });
  }
}

async function attempt(
  host: ServerHost,
  superusers: readonly string[],
  signal: AbortSignal,
): Promise<Outcome> {
  const file = parsePostmasterFile((await host.readPostmasterFile(signal)) ?? '');
  if (file === null) return { kind: 'not-ready', reason: 'it has not written its postmaster.pid' };
  const connection = connectionArguments(file);
  if (connection === null) return { kind: 'not-ready', reason: 'it listens neither on a socket nor on TCP' };
  let reason = '';
  for (const user of superusers) {
    for (const database of databases) {
      const args = [
        ...connection,
        '-XAtwq',
        '-v',
        'ON_ERROR_STOP=1',
        '-U',
        user,
        '-d',
        database,
        '-c',
        question,
      ];
      const result = await host.run('psql', args, signal);
      if (result.exitCode === 0) return { kind: 'answer', answer: parseAnswer(result.stdout) };
      reason = firstLine(result.stderr) || `psql ended with exit code ${result.exitCode}`;
      // psql(1): 2 is a connection that failed. Whether for good, pg_isready says in any language.
      if (result.exitCode === 2 && !(await isReady(host, connection, signal))) {
        return { kind: 'not-ready', reason };
      }
    }
  }
  return { kind: 'refused', reason };
}

async function isReady(
  host: ServerHost,
  connection: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  return (await host.run('pg_isready', [...connection, '-q'], signal)).exitCode === 0;
}

/** `f|7711119019082474104|x00000002|17.2 (Debian 17.2-1)|` and, of a standby, what its walreceiver does */
export function parseAnswer(output: string): ServiceAnswer {
  const [inRecovery, systemIdentifier, timeline = '', version, walReceiver = ''] = output.trim().split('|');
  const timelineNumber = timeline.startsWith('x') ? Number.parseInt(timeline.slice(1), 16) : Number(timeline);
  if (!systemIdentifier || !version || !Number.isInteger(timelineNumber)) {
    throw new OdoError(
      'STEP_FAILED',
      `The server gave an answer that odo does not understand: ${output.trim()}`,
    );
  }
  return {
    systemIdentifier,
    timeline: timelineNumber,
    inRecovery: inRecovery === 't',
    serverVersion: version.split(' ')[0] ?? version,
    authenticated: true,
    ...(walReceiver === '' ? {} : { walReceiver }),
  };
}

/** For a server whose pg_hba.conf lets odo in as nobody: it accepts connections, and these are its files. */
async function answerOfControlFile(
  host: ServerHost,
  reason: string,
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  const control = await host.run('pg_controldata', ['-D', host.dataDirectory], signal);
  const version = await host.run('postgres', ['-V'], signal);
  const answer = parseControlData(control.stdout);
  if (answer === null) {
    throw await failed(
      host,
      `${host.description} is up, but refused odo (${reason}) and its control file could not be read`,
    );
  }
  const [, serverVersion = 'unknown'] = /\(PostgreSQL\) (\S+)/.exec(version.stdout) ?? [];
  return { ...answer, serverVersion, authenticated: false };
}

/** What pg_controldata prints in the C locale (bin/pg_controldata/pg_controldata.c). */
export function parseControlData(
  output: string,
): Pick<ServiceAnswer, 'systemIdentifier' | 'timeline' | 'inRecovery'> | null {
  const value = (name: string): string | undefined =>
    output
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const systemIdentifier = value('Database system identifier');
  const timeline = Number(value("Latest checkpoint's TimeLineID") ?? Number.NaN);
  const state = value('Database cluster state');
  if (!systemIdentifier || !Number.isInteger(timeline) || state === undefined) return null;
  return { systemIdentifier, timeline, inRecovery: /recovery/.test(state) };
}

async function failed(host: ServerHost, what: string): Promise<OdoError> {
  const serverLog = await host.logTail().catch(() => []);
  const { says, ...report } = reportOf(serverLog);
  return new OdoError('STEP_FAILED', `${what}${says === null ? '' : `; its log: ${says}`}.`, report);
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';
