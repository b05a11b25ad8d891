import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endServers } from '../../../src/service/leftover-servers.ts';
import { findLocalBinaries } from '../../../src/service/local-binaries.ts';
import { stopPostmaster } from '../../../src/service/postmaster.ts';
import { runAs } from '../../../src/service/run-as.ts';
import type { ServerPaths } from '../../../src/service/server-launcher.ts';
import { socketDirectoryOf } from '../../../src/service/socket-directory.ts';
import type { Owner } from '../../../src/target/tree.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const testRun = 'test-run-1';

/** A data directory of this host's PostgreSQL and a work directory beside it, both the postgres user's. */
export interface LocalCluster extends AsyncDisposable {
  readonly binDir: string;
  readonly major: number;
  readonly owner: Owner;
  readonly paths: ServerPaths;
}

export async function localCluster(options: { hba?: string } = {}): Promise<LocalCluster> {
  const binaries = await findLocalBinaries(null, 15);
  if (binaries === null || binaries.owner === null) throw new Error('PostgreSQL 15 is not installed');
  const { binDir, owner, serverMajor } = binaries;
  const directory = await temporaryDirectory('odo-test-local-');
  await chmod(directory.path, 0o755);
  const dataDirectory = join(directory.path, 'data');
  const workDirectory = join(directory.path, 'work');
  for (const path of [dataDirectory, workDirectory]) {
    await mkdir(path, { mode: 0o700 });
    await chown(path, owner.uid, owner.gid);
  }
  const made = await runAs(
    join(binDir, 'initdb'),
    ['-D', dataDirectory, '-U', 'boss', '-A', 'trust', '--no-sync', '--no-locale'],
    { owner },
  );
  if (made.exitCode !== 0) throw new Error(made.stderr);
  // No TCP: the port is nobody's business, and tests of others run at the same time.
  const settings = `listen_addresses = ''\nunix_socket_directories = '${workDirectory}'\nfsync = off\n`;
  await writeFile(join(dataDirectory, 'postgresql.auto.conf'), settings);
  if (options.hba !== undefined) await writeFile(join(dataDirectory, 'pg_hba.conf'), options.hba);
  const socketDirectory = socketDirectoryOf(workDirectory, testRun);
  return {
    binDir,
    owner,
    major: serverMajor,
    paths: { dataDirectory, workDirectory, socketDirectory },
    [Symbol.asyncDispose]: async () => {
      await endServers(dataDirectory, `odo-${testRun}`);
      await stopPostmaster(dataDirectory, 'immediate', { deadlineMs: 20_000 });
      await directory[Symbol.asyncDispose]();
    },
  };
}
