import { expect, it } from 'vitest';
import type { OdoError } from '../../../src/errors/odo-error.ts';
import type { ServerLauncher, ServerProcess } from '../../../src/service/server-launcher.ts';
import { recoveryFailed } from '../../../src/steps/recovery-failure.ts';
import {
  type RecoveryObserver,
  type RecoveryServerOptions,
  withRecoveryServer,
} from '../../../src/steps/recovery-server.ts';
import type { RecoveryMilestone, StepContext } from '../../../src/steps/step.ts';
import { samplePlan } from '../../../tools/sample-events.ts';

/** A server of which the test writes the log. */
function fakeServer() {
  const exited = Promise.withResolvers<{ exitCode: number }>();
  const did: string[] = [];
  const milestones: RecoveryMilestone[] = [];
  const logged: string[] = [];
  const notices: string[] = [];
  let say: (line: string) => void = () => {};
  const server: ServerProcess = {
    exited: exited.promise,
    stop: async (mode) => {
      did.push(`stop ${mode}`);
      exited.resolve({ exitCode: 0 });
    },
    replayedSegment: async () => null,
    query: async () => '',
    runClient: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
    release: async () => void did.push('release'),
  };
  const launcher: ServerLauncher = {
    description: 'a server',
    paths: { dataDirectory: '/data', workDirectory: '/odo', socketDirectory: '/run/odo' },
    launch: async (args, onLine) => {
      did.push(`launch ${args.join(' ')}`);
      say = onLine;
      return server;
    },
    isRunning: async () => false,
    psqlCommand: () => 'psql',
    runTool: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
    removeLeftovers: async () => void did.push('remove leftovers'),
  };
  const context = {
    runId: 'r',
    plan: () => samplePlan,
    progress: () => {},
    signal: new AbortController().signal,
    serverLog: (line: string) => void logged.push(line),
    notice: (_level: string, message: string) => void notices.push(message),
    recovery: (milestone: RecoveryMilestone) => void milestones.push(milestone),
    resource: () => {},
    resourceRemoved: () => {},
  } as Partial<StepContext> as StepContext;
  const options = (observers: readonly RecoveryObserver[], aim: RecoveryServerOptions['aim'] = 'target') => ({
    launcher,
    configFile: 'promote.conf',
    aim,
    observers,
    feed: async () => ({}),
  });
  return { context, options, did, milestones, notices, logged, say: (line: string) => say(line) };
}

it('shows every line to every observer in order, and the server, and says goodbye when it has ended', async () => {
  const { context, options, did, say } = fakeServer();
  const seenBy = (name: string): RecoveryObserver => ({
    onServer: () => void did.push(`${name}: server`),
    onLine: (line, event) => void did.push(`${name}: ${line} ${event?.kind ?? null}`),
    close: () => void did.push(`${name}: closed`),
  });
  await withRecoveryServer(context, options([seenBy('a'), seenBy('b')]), async (_server, _log, seen) => {
    const ready = seen('paused', 'ready');
    say('odo: want 000000010000000000000002');
    say('LOG:  restored log file "000000010000000000000002" from archive');
    say('LOG:  database system is ready to accept connections');
    expect(await ready).toEqual({ kind: 'ready' });
    expect(await seen('ready')).toEqual({ kind: 'ready' });
  });
  expect(did).toEqual([
    'remove leftovers',
    'launch -c config_file=/odo/promote.conf',
    'a: server',
    'b: server',
    ...['odo: want 000000010000000000000002 null'].flatMap((text) => [`a: ${text}`, `b: ${text}`]),
    'a: LOG:  restored log file "000000010000000000000002" from archive segment-restored',
    'b: LOG:  restored log file "000000010000000000000002" from archive segment-restored',
    'a: LOG:  database system is ready to accept connections ready',
    'b: LOG:  database system is ready to accept connections ready',
    'stop fast',
    'remove leftovers',
    'a: closed',
    'b: closed',
  ]);
});

it('stops the server when an observer says that the recovery cannot go on, or breaks itself', async () => {
  const forever = new Promise<never>(() => {});
  const first = fakeServer();
  const failed = Promise.reject(new Error('the archive is gone'));
  failed.catch(() => {});
  await expect(withRecoveryServer(first.context, first.options([{ failed }]), () => forever)).rejects.toThrow(
    'the archive is gone',
  );
  expect(first.did).toContain('stop fast');

  const second = fakeServer();
  const broken: RecoveryObserver = {
    onLine: () => {
      throw new Error('broken');
    },
  };
  await expect(
    withRecoveryServer(second.context, second.options([broken]), () => {
      second.say('a line');
      return forever;
    }),
  ).rejects.toThrow('broken');
  expect(second.did).toContain('stop fast');
});

it('keeps the position lines out of the log that is kept, since there is one every second', async () => {
  const { context, options, logged, say } = fakeServer();
  await withRecoveryServer(context, options([]), async (_server, log) => {
    say('LOG:  redo starts at 0/2000028');
    say('LOG:  redo in progress, elapsed time: 1.00 s, current LSN: 0/5F2A0');
    expect(log.tail).toEqual(['LOG:  redo starts at 0/2000028']);
  });
  expect(logged).toEqual(['LOG:  redo starts at 0/2000028']);
});

const endOfRecovery = [
  'LOG:  redo starts at 0/2000028',
  'LOG:  consistent recovery state reached at 0/2000100',
  'LOG:  recovery stopping before commit of transaction 742, time 2026-11-20 13:02:11.5+00',
  'LOG:  redo done at 0/5000060 system usage: CPU: user: 0.00 s, system: 0.00 s, elapsed: 0.04 s',
  'LOG:  last completed transaction was at log time 2026-11-20 13:02:10.000007+00',
  'LOG:  selected new timeline ID: 3',
  'LOG:  archive recovery complete',
  'LOG:  database system is ready to accept connections',
];

it.each([
  ['consistency', [{ state: 'consistent', lsn: '0/2000100' }]],
  [
    'target',
    [
      {
        state: 'target-reached',
        says: 'recovery stopping before commit of transaction 742, time 2026-11-20 13:02:11.5+00',
        stop: {
          side: 'before',
          what: 'commit',
          xid: '742',
          lsn: null,
          name: null,
          time: '2026-11-20T13:02:11.5Z',
        },
      },
      { state: 'replayed', lsn: '0/5000060', lastTransaction: '2026-11-20T13:02:10.000007Z' },
    ],
  ],
] as const)('tells the milestones of a recovery to its %s', async (aim, expected) => {
  const { context, options, milestones, say } = fakeServer();
  await withRecoveryServer(context, options([], aim), async () => endOfRecovery.forEach(say));
  expect(milestones).toEqual(expected);
});

it('tells of a pause at the target, and not of one that a setting forces', async () => {
  const { context, options, milestones, say } = fakeServer();
  await withRecoveryServer(context, options([]), async () => {
    say('LOG:  recovery has paused');
    expect(milestones).toEqual([]);
    say('LOG:  pausing at the end of recovery');
  });
  expect(milestones).toEqual([{ state: 'paused-at-target' }]);
});

it('tells where replay ended also when WAL held no transaction', async () => {
  const { context, options, milestones, say } = fakeServer();
  await withRecoveryServer(context, options([]), async () => {
    for (const line of endOfRecovery.filter((text) => !text.includes('last completed'))) say(line);
  });
  expect(milestones).toContainEqual({ state: 'replayed', lsn: '0/5000060', lastTransaction: null });
});

it('tells once of trouble with which the server goes on, and not of what is normal', async () => {
  const { context, options, notices, say } = fakeServer();
  await withRecoveryServer(context, options([]), async () => {
    say('LOG:  could not open directory "pg_tblspc/16384/PG_15_202209061": No such file or directory');
    say('LOG:  could not open directory "pg_tblspc/16384/PG_15_202209061": No such file or directory');
    say('LOG:  invalid record length at 0/5000098: wanted 24, got 0');
  });
  expect(notices).toEqual([
    expect.stringMatching(/^The server says: could not open directory .*only queries of them fail\.$/),
  ]);
});

it('does not wait for ever when a setting is too low to go on', async () => {
  const { context, options, did, notices, say } = fakeServer();
  const run = withRecoveryServer(context, options([]), async () => {
    say('WARNING:  hot standby is not possible because of insufficient parameter settings');
    say(
      'DETAIL:  max_connections = 10 is a lower setting than on the primary server, where its value was 100.',
    );
    say('LOG:  recovery has paused');
    await new Promise(() => {});
  });
  await expect(run).rejects.toMatchObject({
    code: 'RECOVERY_FAILED',
    details: { diagnosis: { symptom: 'parameters-raised-later' } },
  });
  expect(notices).toEqual([]);
  expect(did).toContain('stop fast');
});

it('fails with cause, consequence, advice and the last lines of the log', async () => {
  const { context, options, say } = fakeServer();
  const run = withRecoveryServer(context, options([]), async (_server, log) => {
    for (let number = 0; number < 60; number += 1) say(`line ${number}`);
    say('LOG:  invalid magic number 0000 in log segment 000000010000000000000005, offset 0');
    say('FATAL:  WAL ends before end of online backup');
    say('LOG:  database system is shut down');
    throw recoveryFailed('The database did not become consistent', log);
  });
  const error = await run.catch((thrown: unknown) => thrown as OdoError);
  expect(error).toMatchObject({
    message: 'The database did not become consistent: WAL ends before end of online backup.',
    hint: 'Upload that segment again from the source, or choose a target before it.',
    details: {
      diagnosis: { symptom: 'wal-ends-before-backup-end', because: { symptom: 'wal-zeroed' } },
    },
  });
  const log = (error as OdoError).details?.serverLog as string[];
  expect(log).toHaveLength(40);
  expect(log.at(-1)).toBe('LOG:  database system is shut down');
});

it('leaves the server running when the work says so, and ends it when the work fails', async () => {
  const { context, options, did } = fakeServer();
  const staysUp = (result: string): boolean => result === 'paused';
  await withRecoveryServer(context, { ...options([]), staysUp }, async () => 'paused');
  expect(did).toEqual(['remove leftovers', 'launch -c config_file=/odo/promote.conf', 'release']);
  did.length = 0;
  await withRecoveryServer(context, { ...options([]), staysUp }, async () => 'ended');
  expect(did.slice(2)).toEqual(['stop fast', 'remove leftovers']);
  did.length = 0;
  const failing = async (): Promise<string> => {
    throw new Error('no');
  };
  await expect(withRecoveryServer(context, { ...options([]), staysUp }, failing)).rejects.toThrow('no');
  expect(did.slice(2)).toEqual(['stop fast', 'remove leftovers']);
});
