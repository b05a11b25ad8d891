import type { SourceCluster } from './source-cluster.ts';
import { waitUntil } from './wait-until.ts';

/** Ends the current segment and returns when the archive has it. */
export async function archiveSegment({ psql }: SourceCluster): Promise<void> {
  const segment = await psql('select pg_walfile_name(pg_current_wal_lsn())');
  await psql('select pg_switch_wal()');
  await waitUntil(
    `${segment} is archived`,
    async () => (await psql(`select last_archived_wal >= '${segment}' from pg_stat_archiver`)) === 't',
    { deadlineMs: 120_000, everyMs: 300 },
  );
}
