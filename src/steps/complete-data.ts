import { OdoError } from '../errors/odo-error.ts';
import { type ControlFile, parseControlFile } from '../postgres/control-file.ts';
import { formatTablespaceMap } from '../postgres/tablespace-map.ts';
import type { Tree } from '../target/tree.ts';
import { requiredDirectories, sealedFolder } from './layout.ts';
import { endOfOwnWal } from './own-wal-end.ts';
import type { RestorePlan } from './restore-plan.ts';

/**
 * What a server needs beside that which the archives brought: directories that they may lack, and the map of the tablespaces
 * as they lie now. Returns pg_control as the backup has it.
 */
export async function completeData(plan: RestorePlan, data: Tree, signal: AbortSignal): Promise<ControlFile> {
  const control = await readSealedControl(data);
  // An empty tablespace has no file, and a bucket keeps no empty folder.
  const versionFolder = `PG_${plan.serverMajor}_${control.catalogVersion}`;
  const ofTablespaces = plan.tablespaces.map(({ path }) => `${path}/${versionFolder}`);
  await makeDirectories(data, [...requiredDirectories, ...ofTablespaces], signal);
  if (plan.tablespaces.length > 0) {
    const map = plan.tablespaces.map(({ oid, serverPath }) => ({ oid, path: serverPath }));
    await data.writeFile(`${sealedFolder}/tablespace_map`, formatTablespaceMap(map), 0o600);
  }
  return control;
}

/**
 * Of WAL that came with the backup, in `folders`, and is to be replayed to its end; archived WAL was read before the plan
 * was made.
 */
export async function lastRecordOf(
  { contents: { backup, wal }, recovery, serverMajor }: RestorePlan,
  folders: readonly { readonly tree: Tree; readonly path: string }[],
  signal: AbortSignal,
): Promise<string | null> {
  const goesToEnd = recovery !== undefined && recovery.stop.kind === 'end' && recovery.standby === null;
  if (wal === null || wal.source !== 'backup' || !goesToEnd) return null;
  const { beginLsn, systemIdentifier } = backup;
  return endOfOwnWal(folders, { wal, beginLsn, serverMajor, systemIdentifier, signal });
}

export async function makeDirectories(
  tree: Tree,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const writer = await tree.openWriter(signal);
  try {
    for (const path of paths) await writer.makeDirectory(path);
    await writer.sync();
  } finally {
    await writer.close();
  }
}

/** pg_control before `seal` puts it in its place. */
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
