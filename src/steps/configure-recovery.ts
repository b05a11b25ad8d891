import { completeData, lastRecordOf, makeDirectories } from './complete-data.ts';
import { asideAutoConf, hbaFile, identFile, walFolder } from './layout.ts';
import { wholeTree } from './planned-trees.ts';
import type { Step } from './step.ts';
import { openWorkTree } from './work-tree.ts';

/**
 * Recovery runs with odo's own configuration (recovery-configuration.ts), so that settings of another host
 * (certificates, sockets, preloaded libraries, archive commands) cannot break it; the backup's postgresql.auto.conf, which the server
 * would read all the same, is moved aside and comes back in configureDatabase.
 */
export const configureRecovery: Step = {
  name: 'configureRecovery',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const data = await wholeTree(context);
    const work = await openWorkTree(context, target);

    await completeData(plan, data, context.signal);
    await makeDirectories(work, [walFolder], context.signal);
    const names = new Set((await data.list('')).map((entry) => entry.name));
    // An earlier attempt may have moved it already; what is there now is then odo's own empty one.
    if (names.has('postgresql.auto.conf') && !names.has(asideAutoConf)) {
      await data.rename('postgresql.auto.conf', asideAutoConf);
    }
    await data.writeFile('postgresql.auto.conf', '', 0o600);
    await data.writeFile('recovery.signal', '', 0o600);

    await work.writeFile(hbaFile, 'local all all trust\n', 0o600);
    await work.writeFile(identFile, '', 0o600);
    await data.own(plan.owner);
    await work.own(plan.owner);
    if (plan.sync) {
      await data.sync();
      await work.sync();
    }
    const folders = [
      { tree: work, path: walFolder },
      { tree: data, path: 'pg_wal' },
    ];
    return {
      owner: `${plan.owner.uid}:${plan.owner.gid}`,
      lastRecordLsn: await lastRecordOf(plan, folders, context.signal),
    };
  },
};
