import { OdoError } from '../errors/odo-error.ts';
import { type ControlFile, parseControlFile } from '../postgres/control-file.ts';
import { formatTablespaceMap } from '../postgres/tablespace-map.ts';
import type { Tree } from '../target/tree.ts';
import { asideAutoConf, hbaFile, identFile, requiredDirectories, sealedFolder, walFolder } from './layout.ts';
import { endOfOwnWal } from './own-wal-end.ts';
import { wholeTree } from './planned-trees.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { Step, StepContext } from './step.ts';
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

    const control = await readSealedControl(data);
    // An empty tablespace has no file, and a bucket keeps no empty folder.
    const versionFolder = `PG_${plan.serverMajor}_${control.catalogVersion}`;
    const ofTablespaces = plan.tablespaces.map(({ path }) => `${path}/${versionFolder}`);
    await makeDirectories(data, [...requiredDirectories, ...ofTablespaces], context.signal);
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
    if (plan.tablespaces.length > 0) {
      const map = plan.tablespaces.map(({ oid, serverPath }) => ({ oid, path: serverPath }));
      await data.writeFile(`${sealedFolder}/tablespace_map`, formatTablespaceMap(map), 0o600);
    }
    await data.own(plan.owner);
    await work.own(plan.owner);
    if (plan.sync) {
      await data.sync();
      await work.sync();
    }
    return {
      owner: `${plan.owner.uid}:${plan.owner.gid}`,
      lastRecordLsn: await lastRecordOf(plan, { data, work }, context),
    };
  },
};

/** Of WAL that came with the backup and is to be replayed to its end; archived WAL was read before the plan was made. */
async function lastRecordOf(
  { contents: { backup, wal }, recovery, serverMajor }: RestorePlan,
  { data, work }: { readonly data: Tree; readonly work: Tree },
  { signal }: StepContext,
): Promise<string | null> {
  const goesToEnd = recovery !== undefined && recovery.stop.kind === 'end' && recovery.standby === null;
  if (wal === null || wal.source !== 'backup' || !goesToEnd) return null;
  const folders = [
    { tree: work, path: walFolder },
    { tree: data, path: 'pg_wal' },
  ];
  const { beginLsn, systemIdentifier } = backup;
  return endOfOwnWal(folders, { wal, beginLsn, serverMajor, systemIdentifier, signal });
}

async function makeDirectories(tree: Tree, paths: readonly string[], signal: AbortSignal): Promise<void> {
  const writer = await tree.openWriter(signal);
  try {
    for (const path of paths) await writer.makeDirectory(path);
    await writer.sync();
  } finally {
    await writer.close();
  }
}

/** pg_control as the backup has it, before `seal` puts it in its place. */
async function readSealedControl(data: Tree): Promise<ControlFile> {
  const bytes = await data.readFile(`${sealedFolder}/pg_control`, 64 * 1024);
  if (bytes === null) {
    throw new OdoError(
      'BACKUP_INCOMPLETE',
      'The archives of this backup hold no global/pg_control; the backup is incomplete.',
      {
        hint: 'Choose another backup with --backup.',
      },
    );
  }
  return parseControlFile(bytes);
}
