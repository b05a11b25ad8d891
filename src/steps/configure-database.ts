import { describeEdit } from '../postgres/edit-configuration.ts';
import { fitConfiguration, tellEdits } from './fit-configuration.ts';
import { followPrimary, standbySignal, stopFollowing } from './follow-primary.ts';
import { asideAutoConf } from './layout.ts';
import { layDownConfiguration } from './own-configuration.ts';
import { recoveryOf } from './planned-recovery.ts';
import { readControl } from './read-control.ts';
import type { Step } from './step.ts';

/**
 * The database's own configuration, before the service starts on it (not after, as a running server reads it
 * only once): the override file, or the backup's postgresql.auto.conf without settings of a past recovery.
 */
export const configureDatabase: Step = {
  name: 'configureDatabase',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const tree = await target.dataTree(context.runId);
    const launcher = await context.ports.launcher(plan.launcher, target);
    // A server that an earlier attempt started to prove the configuration reads these files.
    await launcher.removeLeftovers();
    const isKept = plan.configuration?.isKept ?? false;
    const { standby } = recoveryOf(plan);
    const edits = await layDownConfiguration(context, tree, () => readControl(tree));
    if (standby !== null) {
      // First of all: without it a server that is started here would go its own way.
      await tree.writeFile(standbySignal, '', 0o600);
      await stopFollowing(tree);
    }
    await tree.remove('recovery.signal');
    const fitted = isKept ? null : await fitConfiguration(context, tree, launcher);
    if (fitted === null) await tree.own(plan.owner);
    else tellEdits(context, fitted.edits);
    edits.push(...(fitted?.edits ?? []).map(describeEdit));
    await tree.remove(asideAutoConf);
    if (standby !== null) {
      await followPrimary(context, tree, standby);
      context.failpoint('configureDatabase:following');
      await tree.own(plan.owner);
      edits.push(`${standbySignal} written; postgresql.auto.conf says whom it follows`);
    }
    if (plan.sync) await tree.sync();
    return {
      edits: edits.join('; ') || 'none',
      proof: fitted?.proof ?? 'none: it was to be kept (--keep-config)',
    };
  },
};
