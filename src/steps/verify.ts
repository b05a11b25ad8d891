import { OdoError } from '../errors/odo-error.ts';
import { recoveryOf } from './planned-recovery.ts';
import { readControl } from './read-control.ts';
import type { Step, StepFacts } from './step.ts';
import { verifyStreaming } from './verify-standby.ts';

/** How long the started service may take until it answers; a first start after recovery is quick. */
const answerWithinMs = 5 * 60_000;

/** Asks the running service who it is, as a client would; without a service, the files. */
export const verify: Step = {
  name: 'verify',
  version: 1,
  async run(context): Promise<StepFacts> {
    const plan = context.plan();
    const promoted = context.outputOf('promote');
    const standby = recoveryOf(plan).standby !== null;
    const expected = standby
      ? { systemIdentifier: context.outputOf('recover')?.systemIdentifier, timeline: null }
      : { systemIdentifier: promoted?.systemIdentifier, timeline: promoted?.timeline };
    if (plan.service.kind === 'none') {
      const target = await context.ports.target(plan.target);
      const control = await readControl(await target.dataTree(context.runId));
      compare('The restored data directory', { ...control, timeline: control.checkpointTimeline }, expected);
      if (control.state !== (standby ? 'shut down in recovery' : 'shut down')) {
        throw new OdoError(
          'VERIFICATION_FAILED',
          `The restored database was not shut down cleanly (it is "${control.state}").`,
          {
            hint: 'Start a new run.',
          },
        );
      }
      return {
        systemIdentifier: control.systemIdentifier,
        timeline: control.checkpointTimeline,
        verifiedBy: 'control file',
      };
    }
    const service = await context.ports.service(plan.service);
    const superuser = promoted?.superuser;
    const asking = {
      superuser: typeof superuser === 'string' ? superuser : plan.superuser,
      dataDirectory: plan.target.kind === 'data-directory' ? plan.target.path : null,
      deadlineMs: answerWithinMs,
    };
    const answer = await service.ask(asking, context.signal);
    compare(plan.serviceDescription, answer, expected);
    const streaming = standby ? await verifyStreaming(context, service, asking, answer) : {};
    if (!standby && answer.inRecovery) {
      throw new OdoError(
        'VERIFICATION_FAILED',
        `${plan.serviceDescription} answers, but is still in recovery.`,
        {
          hint: 'Look for a standby.signal or recovery settings in its configuration.',
        },
      );
    }
    return {
      systemIdentifier: answer.systemIdentifier,
      timeline: answer.timeline,
      serverVersion: answer.serverVersion,
      verifiedBy: answer.authenticated === false ? 'control file, as the server refused the login' : 'query',
      ...streaming,
    };
  },
};

function compare(
  who: string,
  found: { systemIdentifier: string; timeline: number },
  /** A standby is on whatever timeline its primary is: null. */
  expected: { systemIdentifier: unknown; timeline: unknown },
): void {
  if (found.systemIdentifier !== expected.systemIdentifier) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `${who} has the system identifier ${found.systemIdentifier}, but the restored database has ${expected.systemIdentifier}.`,
      { hint: 'It runs on other data than was restored: check its volume and PGDATA.' },
    );
  }
  if (expected.timeline !== null && found.timeline !== expected.timeline) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `${who} is on timeline ${found.timeline}, but the restored database was promoted to ${expected.timeline}.`,
      { hint: 'It runs on other data than was restored: check its volume and PGDATA.' },
    );
  }
}
