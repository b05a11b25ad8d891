import { OdoError } from '../errors/odo-error.ts';
import type { Step } from './step.ts';

/** Stops what runs PostgreSQL on the target, cleanly, so that the data it leaves could still be started. */
export const stopService: Step = {
  name: 'stopService',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const service = await context.ports.service(plan.service);
    const wasRunning = await service.isRunning(context.signal);
    if (wasRunning) await service.stop(context.signal);
    if (await service.isRunning(context.signal)) {
      throw new OdoError(
        'SERVICE_CONFLICT',
        `${plan.serviceDescription} runs again right after it was stopped.`,
        {
          hint: 'Something restarts it: look for a restart policy, an orchestrator or another operator, then resume.',
        },
      );
    }
    return { service: plan.serviceDescription, wasRunning };
  },
  async stillHolds(context) {
    // From the start of the service on, it is meant to run.
    if (context.outputOf('configureDatabase') !== null) return null;
    const plan = context.plan();
    const service = await context.ports.service(plan.service);
    return (await service.isRunning(context.signal))
      ? `${plan.serviceDescription}, which this run had stopped, is running on the half-restored data.`
      : null;
  },
};
