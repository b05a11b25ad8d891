import type { Owner, Tree } from '../target/tree.ts';
import { readControl } from './read-control.ts';

const inRecovery = ['in archive recovery', 'shut down in recovery', 'shutting down'];

/**
 * Asks for recovery again after a server that was ended while it promoted. It removes recovery.signal first and puts
 * the new timeline into pg_control last (xlog.c, `StartupXLOG`): a power cut in between leaves a directory that starts
 * without archive recovery, on the old timeline, with no more WAL than lies in pg_wal. With the signal the next server
 * promotes anew, to a later timeline when the history of this one is on disk already.
 */
export async function askForRecoveryAgain(tree: Tree, owner: Owner): Promise<void> {
  const names = (await tree.list('')).map((entry) => entry.name);
  if (names.includes('recovery.signal')) return;
  const { state, minRecoveryPoint } = await readControl(tree);
  // The checkpoint that ends recovery takes this point away, together with the state.
  if (!inRecovery.includes(state) || minRecoveryPoint === '0/0') return;
  await tree.writeFile('recovery.signal', '', 0o600);
  await tree.own(owner);
}
