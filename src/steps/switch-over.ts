import { OdoError } from '../errors/odo-error.ts';
import type { Step } from './step.ts';

/** Stops the service only now, with the new volume ready, and makes its definition use it. The old volume stays. */
export const switchOver: Step = {
  name: 'switchOver',
  version: 1,
  async run(context) {
    const plan = context.plan();
    if (plan.switchOver === null) throw new OdoError('BUG', 'A switch-over was not planned.');
    const service = await context.ports.service(plan.service);
    if (await service.isRunning(context.signal)) await service.stop(context.signal);
    context.failpoint('switchOver:stopped');
    await service.useVolume(plan.switchOver, context.signal);
    return { from: plan.switchOver.from.source, to: plan.switchOver.toVolume };
  },
};
