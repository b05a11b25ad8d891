import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { copyWalgFixture, type WalgFixture, walgFixture } from '../lab/walg-fixtures.ts';
import { odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const startArgs = (backup: WalgFixture, s3: S3Server, data: string) => [
  ...['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'],
];
const tarKey = ({ prefix, backup }: WalgFixture, name: string) =>
  `${prefix}basebackups_005/${backup}/tar_partitions/${name}`;

describeWithLab('a backup as WAL-G lays it out', () => {
  test.for(['walg-brotli', 'walg-streamed'] as const)(
    '%s is restored with its tablespace to the last commit of the archive',
    async (name) => {
      const backup = await walgFixture(name);
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using directory = await temporaryDirectory();
      const data = join(directory.path, 'data');
      const env = { ...s3.env, XDG_STATE_HOME: directory.path };
      const listed = await odo(['backups', '-u', `s3://${name}`, '-e', s3.endpoint, '--json'], { env });
      expect(
        listed.events.filter(({ type }) => type === 'backup'),
        listed.stderr,
      ).toMatchObject([
        {
          id: backup.backup,
          format: 'wal-g',
          server: 'shop',
          status: 'complete',
          serverMajor: 15,
          wal: { state: 'complete' },
        },
      ]);
      const result = await odo(
        [...startArgs(backup, s3, data), '--backup', backup.backup, '--page-checksums'],
        {
          env,
        },
      );
      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.events.find((event) => event.type === 'completed')).toMatchObject({
        facts: { systemIdentifier: backup.systemIdentifier, timeline: backup.timeline + 1 },
      });
      expect((await readdir(data)).filter((entry) => entry.startsWith('.odo'))).toEqual([]);
      expect(await readlink(join(data, 'pg_tblspc', backup.tablespace.oid))).toBe(
        join(data, 'odo_tablespaces', backup.tablespace.oid),
      );
      expect(await factsOfDirectory(data)).toEqual(backup.tables);
    },
  );

  test('goes on where it was killed, and does not ask again for what is on disk', async () => {
    await using directory = await temporaryDirectory();
    const backup = await copyWalgFixture(await walgFixture('walg-lz4'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const data = join(directory.path, 'data');
    const env = { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') };
    const args = [...startArgs(backup, s3, data), '--checkpoint-size', '1MiB', '--jobs', '1'];
    const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'archive:saved#24' } });
    expect(killed.signal).toBe('SIGKILL');
    // The largest part comes first; its checkpoints are less than twenty.
    await remove(s3, backup, (await tarsOf(s3, backup))[0] ?? '');
    const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await factsOfDirectory(data)).toEqual(backup.tables);
  });
});

/** What is done to a copy of the bucket, and what odo says then. */
const damages: readonly {
  readonly what: string;
  readonly exitCode: number;
  readonly says: RegExp;
  readonly damage: (s3: S3Server, backup: WalgFixture) => Promise<void>;
}[] = [
  {
    what: 'a part is gone',
    exitCode: 4,
    says: /part_002\.tar\.lz4 is missing/,
    damage: async (s3, backup) => remove(s3, backup, tarKey(backup, 'part_002.tar.lz4')),
  },
  {
    what: 'every tar is encrypted',
    exitCode: 4,
    says: /seems to be encrypted/,
    damage: async (s3, backup) => {
      for (const key of await tarsOf(s3, backup))
        await edit(s3, backup, key, (bytes) => bytes.map((byte) => byte ^ 0xff));
    },
  },
];

/** Keys of all tars, the largest first. */
async function tarsOf(s3: S3Server, backup: WalgFixture): Promise<string[]> {
  const found = { Bucket: backup.bucket, Prefix: tarKey(backup, '') };
  const page = await s3.client.send(new ListObjectsV2Command(found));
  const bySize = (page.Contents ?? []).sort((one, other) => (other.Size ?? 0) - (one.Size ?? 0));
  return bySize.map(({ Key }) => Key ?? '');
}

async function remove(s3: S3Server, { bucket }: WalgFixture, Key: string): Promise<void> {
  await s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
}

async function edit(
  s3: S3Server,
  { bucket }: WalgFixture,
  Key: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const found = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key }));
  const bytes = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
  await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: change(bytes) }));
}

describeWithLab('a backup of WAL-G', () => {
  test.for(damages)('of which $what is refused before anything is touched', async (damaged) => {
    await using directory = await temporaryDirectory();
    const backup = await copyWalgFixture(await walgFixture('walg-lz4'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await damaged.damage(s3, backup);
    const data = join(directory.path, 'data');
    const result = await odo(startArgs(backup, s3, data), {
      env: { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') },
    });
    expect(result.exitCode, result.stderr).toBe(damaged.exitCode);
    expect(result.stderr).toMatch(damaged.says);
    expect(await readdir(directory.path)).not.toContain('data');
  });
});
