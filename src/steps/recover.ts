import { recoverConf } from './layout.ts';
import { readControl } from './read-control.ts';
import { writeRecoveryConfiguration } from './recovery-configuration.ts';
import { recoveryFailed } from './recovery-failure.ts';
import { withRecoveryServer } from './recovery-server.ts';
import type { Step } from './step.ts';

/**
 * Replays WAL until the database is consistent and shuts down there (`recovery_target = 'immediate'`). From this
 * moment on the files are a database; promotion is a step of its own. Repeating it is harmless: a server that
 * was consistent already stops at once.
 */
export const recover: Step = {
  name: 'recover',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const launcher = await context.ports.launcher(plan.launcher, target);
    const goal = { configFile: recoverConf, stop: { kind: 'immediate' }, action: 'shutdown' } as const;
    await writeRecoveryConfiguration(context, { target, launcher }, goal);
    const options = { launcher, configFile: recoverConf, aim: 'consistency' } as const;
    const consistentAt = await withRecoveryServer(context, options, async (server, log) => {
      await server.exited;
      context.signal.throwIfAborted();
      return log.events.find((event) => event.kind === 'consistent')?.lsn ?? failure(log);
    });
    const control = await readControl(await target.dataTree(context.runId));
    if (control.state !== 'shut down in recovery') {
      throw recoveryFailed(`Recovery ended before the database was consistent (it is "${control.state}")`, {
        tail: [],
      });
    }
    const { systemIdentifier, checkpointTimeline: timeline, checkpointAt } = control;
    return { consistentAt, systemIdentifier, timeline, checkpointAt };
  },
};

function failure(log: Parameters<typeof recoveryFailed>[1]): never {
  throw recoveryFailed('The database did not become consistent', log);
}
