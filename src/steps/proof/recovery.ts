import { targetText } from '../../postgres/recovery-target.ts';
import { recoveryOf } from '../planned-recovery.ts';
import { passed } from './outcome.ts';
import type { Proof } from './proof.ts';

/** What the phases before have proved; a recovery that ended elsewhere never comes here. */
export const recovery: Proof = {
  id: 'recovery',
  title: 'Recovery reached its target',
  async run({ context }) {
    const promoted = context.outputOf('promote') ?? {};
    const consistent = context.outputOf('recover') ?? {};
    const { endLsn, timeline, lastTransaction, stoppedAt } = promoted;
    const { target } = recoveryOf(context.plan());
    const where = [
      ...(endLsn == null ? [] : [`at ${endLsn}`]),
      ...(timeline == null ? [] : [`promoted to timeline ${timeline}`]),
    ];
    const last = lastTransaction == null ? '' : `; its last transaction is of ${lastTransaction}`;
    return passed(`It went to ${[targetText(target), ...where].join(', ')}${last}.`, [
      ...(consistent['consistentAt'] == null ? [] : [`consistent at ${consistent['consistentAt']}`]),
      ...(stoppedAt == null ? [] : [`the server says: ${stoppedAt}`]),
    ]);
  },
};
