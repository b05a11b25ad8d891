import type { Step } from './step.ts';

/** Starts the service on the restored data directory. */
export const startService: Step = {
  name: 'startService',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const service = await context.ports.service(plan.service);
    await service.start(plan.target.kind === 'data-directory' ? plan.target.path : null, context.signal);
    return { service: plan.serviceDescription };
  },
};
