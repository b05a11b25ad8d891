import { join } from 'node:path';
import { expect, test } from 'vitest';
import { imageName, majors } from '../../lab/images.ts';
import { pitrFixture } from '../../lab/pitr-fixtures.ts';
import { psqlInContainer } from '../../lab/psql.ts';
import { run } from '../../lab/run-command.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { rowsAt } from '../../support/rows-at.ts';
import { describeWithLab } from '../../support/with-lab.ts';

/** As the manual restores one, from the files of the S3 server: barman's own tools take two seconds for each segment. */
const restoreScript = (backup: string) => `set -e
  mkdir -m 0700 /tmp/pgdata
  cd /tmp/pgdata
  tar -xz < /storage/base/${backup}/data.tar.gz._S3rver_object
  cat > /tmp/get <<'end'
for place in $(printf %.16s "$1")/$1 $1; do
  stored=/storage/wals/$place
  test -f "$stored.gz._S3rver_object" && gzip -dc < "$stored.gz._S3rver_object" > "$2" && exit 0
  test -f "$stored._S3rver_object" && cp "$stored._S3rver_object" "$2" && exit 0
done
exit 1
end
  printf %s "
    restore_command = 'sh /tmp/get %f %p'
    recovery_target_timeline = '2'
    archive_mode = 'off'
    max_prepared_transactions = 5" >> postgresql.auto.conf
  touch recovery.signal
  exec postgres -D /tmp/pgdata -c listen_addresses= -c port=5439`;

describeWithLab('an archive with three timelines', () => {
  test.each(majors)('of PostgreSQL %i holds the rows that are recorded beside it', async (major) => {
    const archive = await pitrFixture(major);
    const container = `odo-lab-check-pitr-${major}`;
    await run('docker', ['rm', '-fv', container]).catch(() => {});
    const storage = join(archive.storageDir, archive.bucket, archive.prefix);
    await run('docker', [
      ...['run', '-d', '--name', container, '-u', 'postgres', '-v', `${storage}:/storage:ro`],
      ...['--entrypoint', 'sh', imageName(major), '-c', restoreScript(archive.backups.b.id)],
    ]);
    try {
      const psql = psqlInContainer(container, { port: 5439 });
      await waitUntil('it is promoted', async () => (await psql('select pg_is_in_recovery()')) === 'f');
      const ids = (await psql('select id from marks order by id')).split('\n').map(Number);
      expect(ids).toEqual(rowsAt(archive, 2, archive.ends[2]));
      expect(ids).toContain(24);
      expect(await psql('checkpoint; select timeline_id from pg_control_checkpoint()')).toBe('4');
    } finally {
      await run('docker', ['rm', '-fv', container]);
    }
  });
});
