import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/postgres/crc32c.ts';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import type { ServerLauncher } from '../../../src/service/server-launcher.ts';
import { reachTarget } from '../../../src/steps/reach-target.ts';
import { heldMessage } from '../../../src/steps/recovery-configuration.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import { recoveryDefaults } from '../../../src/steps/restore-request.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import type { Target } from '../../../src/target/target.ts';
import { healthyContents } from '../../support/facts.ts';

/** pg_control of PostgreSQL 17, `shut down in recovery`. */
function controlFile(): Uint8Array {
  const bytes = new Uint8Array(readFileSync(join(import.meta.dirname, '../../fixtures/pg-control/pg17.bin')));
  const view = new DataView(bytes.buffer);
  view.setUint32(16, 2, true);
  view.setUint32(288, crc32c(bytes.subarray(0, 288)), true);
  return bytes;
}

const stopping = 'LOG:  recovery stopping before commit of transaction 90, time 2026-11-20 13:05:00.1+00';
const paused = [
  'LOG:  database system is ready to accept read-only connections',
  stopping,
  'LOG:  pausing at the end of recovery',
];
const shutDown = [stopping, 'LOG:  shutdown at recovery target', 'LOG:  database system is shut down'];
const unconnectable = [
  stopping,
  heldMessage,
  'FATAL:  could not restore file "00000002.history" from archive',
];
const tooLow = [
  'WARNING:  hot standby is not possible because of insufficient parameter settings',
  'LOG:  recovery has paused',
];

/** A run whose servers write these logs, one after the other; one that does not pause ends. */
function rehearse(action: 'pause' | 'shutdown', logs: readonly (readonly string[])[], stop?: RecoveryTarget) {
  const did: string[] = [];
  const notices: string[] = [];
  const configurations: string[] = [];
  const remaining = [...logs];
  const target = {
    spec: { kind: 'data-directory', path: '/data' },
    dataTree: async () => ({ readFile: async () => controlFile() }),
    workTree: async () => ({
      writeFile: async (name: string, text: string) => {
        if (name.endsWith('.conf')) configurations.push(text);
      },
      own: async () => {},
    }),
  } as unknown as Target;
  const launcher: ServerLauncher = {
    description: 'a server',
    paths: { dataDirectory: '/data', workDirectory: '/odo', socketDirectory: '/run/odo' },
    launch: async (_args, onLine, _signal, options) => {
      did.push(options?.outlives ? 'launch to outlive' : 'launch');
      const log = remaining.shift() ?? [];
      for (const line of log) onLine(line);
      const exited = Promise.withResolvers<{ exitCode: number }>();
      if (!log.some((line) => /paus(ed|ing)/.test(line))) exited.resolve({ exitCode: 1 });
      return {
        exited: exited.promise,
        stop: async () => {
          did.push('stop');
          exited.resolve({ exitCode: 0 });
        },
        query: async (sql) => (sql.includes('replay_lsn') ? '0/5000100|2026-11-20 13:04:59.900000' : '1'),
        replayedSegment: async () => null,
        runClient: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
        release: async () => void did.push('release'),
      };
    },
    isRunning: async () => false,
    psqlCommand: ({ user }) => `psql -U ${user}`,
    runTool: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
    removeLeftovers: async () => {},
  };
  const wanted = stop ?? { kind: 'time', time: '2026-11-20T13:05:00Z', inclusive: true };
  const plan = {
    contents: { ...healthyContents, wal: { ...healthyContents.wal, source: 'backup' } },
    target: target.spec,
    launcher: { kind: 'local' },
    serverMajor: 17,
    superuser: 'boss',
    owner: { uid: 1, gid: 1 },
    recovery: { ...recoveryDefaults, target: wanted, stop: wanted, proof: null, action },
  } as unknown as RestorePlan;
  const context = {
    runId: 'r',
    signal: new AbortController().signal,
    ports: { target: async () => target, launcher: async () => launcher, now: () => new Date() },
    plan: () => plan,
    outputOf: () => null,
    serverLog: () => {},
    recovery: () => {},
    progress: () => {},
    replay: () => {},
    resource: () => {},
    resourceRemoved: () => {},
    failpoint: () => {},
    notice: (_level: string, message: string) => void notices.push(message),
  } as unknown as StepContext;
  return { run: () => reachTarget.run(context), did, notices, configurations };
}

describe('a run that goes to its target and waits there', () => {
  it('leaves the server that pauses, with how to look into it', async () => {
    const { run, did, configurations } = rehearse('pause', [paused]);
    expect(await run()).toMatchObject({
      heldBy: 'pause',
      lsn: '0/5000100',
      xid: '90',
      time: '2026-11-20T13:05:00.1Z',
      lastTransaction: '2026-11-20T13:04:59.9Z',
      look: 'psql -U boss',
    });
    expect(did).toEqual(['launch to outlive', 'release']);
    expect(configurations.at(-1)).toMatch(/hot_standby = 'on'/);
    expect(configurations.at(-1)).toMatch(/restore_command = '.*hold\.sh/);
  });

  it('is shut down there', async () => {
    const { run, did, configurations } = rehearse('shutdown', [shutDown]);
    expect(await run()).toMatchObject({ heldBy: 'shutdown', xid: '90' });
    expect(did).toEqual(['launch', 'stop']);
    expect(configurations.at(-1)).toMatch(/recovery_target_action = 'shutdown'/);
  });

  it('is held shut down where nobody could connect, and says so', async () => {
    const { run, notices } = rehearse('pause', [unconnectable, shutDown]);
    expect(await run()).toMatchObject({ heldBy: 'shutdown' });
    expect(notices).toContainEqual(expect.stringMatching(/cannot answer queries yet/));
  });

  it('starts the server again with the settings that WAL has raised', async () => {
    const { run, did } = rehearse('pause', [tooLow, paused]);
    expect(await run()).toMatchObject({ heldBy: 'pause' });
    expect(did.filter((one) => one.startsWith('launch'))).toHaveLength(2);
  });

  it('fails when WAL ends before the target, and nothing is promoted', async () => {
    for (const action of ['pause', 'shutdown'] as const) {
      const { run } = rehearse(action, [['LOG:  redo done at 0/4000000', heldMessage]]);
      await expect(run()).rejects.toMatchObject({ code: 'RECOVERY_FAILED' });
    }
  });

  it('comes to the end of the WAL where no record is known to be the last', async () => {
    const log = ['LOG:  redo done at 0/4000000 system usage: none', heldMessage];
    const end = { kind: 'end' } as const;
    expect(await rehearse('shutdown', [log], end).run()).toMatchObject({
      heldBy: 'shutdown',
      lsn: '0/4000000',
    });
    const pausing = rehearse('pause', [log, log], end);
    expect(await pausing.run()).toMatchObject({ heldBy: 'shutdown', lsn: '0/4000000' });
    expect(pausing.notices).toContainEqual(expect.stringMatching(/cannot pause at it/));
  });
});
