import { describeEdit } from '../postgres/edit-configuration.ts';
import { targetText } from '../postgres/recovery-target.ts';
import { autoFile } from '../postgres/server-configuration.ts';
import type { Tree } from '../target/tree.ts';
import { completeData, lastRecordOf } from './complete-data.ts';
import { fitConfiguration, tellEdits } from './fit-configuration.ts';
import { handedRecoveryText, stopOfHanded, withInclude, withoutInclude } from './handed-recovery.ts';
import { handedRecoveryConf, handedWalFolder } from './layout.ts';
import { layDownConfiguration } from './own-configuration.ts';
import { wholeTree } from './planned-trees.ts';
import type { Step } from './step.ts';
import { TreeConfiguration } from './tree-configuration.ts';

/**
 * Makes of the files that were brought a data directory on which a server that odo does not run recovers by itself when it
 * is started: its own configuration, fitted to the official image, on which it will both recover and live, and the
 * settings of the recovery. Every attempt begins with the configuration as it was before those.
 */
export const layOut: Step = {
  name: 'layOut',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const tree = await wholeTree(context);
    const control = await completeData(plan, tree, context.signal);
    await tree.remove(handedRecoveryConf);
    await editAutoConf(tree, withoutInclude);
    const edits = await layDownConfiguration(context, tree, async () => control);
    const isKept = plan.configuration?.isKept ?? false;
    const launcher = await context.ports.launcher(plan.launcher, await context.ports.target(plan.target));
    const fitted = isKept ? null : await fitConfiguration(context, tree, launcher);
    tellEdits(context, fitted?.edits ?? []);
    edits.push(...(fitted?.edits ?? []).map(describeEdit));
    context.failpoint('layOut:configured');

    const lastRecordLsn = await lastRecordOf(plan, walFolders(tree), context.signal);
    await tree.writeFile(handedRecoveryConf, handedRecoveryText(plan, lastRecordLsn), 0o600);
    await editAutoConf(tree, withInclude);
    await tree.writeFile('recovery.signal', '', 0o600);
    await tree.own(plan.owner);
    context.failpoint('layOut:written');
    if (plan.sync) await tree.sync();
    const { systemIdentifier } = control;
    const recoversTo = targetText(stopOfHanded(plan, lastRecordLsn));
    return { proven: false, systemIdentifier, recoversTo, edits: edits.join('; ') || 'none' };
  },
};

const walFolders = (tree: Tree) => [
  { tree, path: handedWalFolder },
  { tree, path: 'pg_wal' },
];

/** Byte for byte: a value may be in any encoding. */
async function editAutoConf(tree: Tree, edit: (text: string) => string): Promise<void> {
  const files = new TreeConfiguration(tree);
  await files.write(autoFile, edit((await files.read(autoFile)) ?? ''));
}
