import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { TarReader } from '../../src/archive/tar-reader.ts';
import { copyFixture, type Fixture, fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** Keys of the parts of the data directory in order. */
async function partsOf(s3: S3Server, backup: Fixture): Promise<string[]> {
  const page = await s3.client.send(new ListObjectsV2Command({ Bucket: backup.bucket }));
  const keys = (page.Contents ?? []).map((object) => object.Key ?? '');
  return keys.filter((key) => /\/data(_\d+)?\.tar\.gz$/.test(key)).sort();
}

/** Without its last member and the end behind it, compressed anew: as if the tool had been killed in between. */
function withoutLastMember(packed: Uint8Array): Buffer {
  const tar = gunzipSync(packed);
  const reader = new TarReader();
  let lastEnd = 0;
  let end = 0;
  for (const event of reader.feed(tar)) {
    if (event.type !== 'entryEnd') continue;
    lastEnd = end;
    end = Math.ceil(reader.offset / 512) * 512;
  }
  return gzipSync(tar.subarray(0, lastEnd), { level: 1 });
}

const damages: readonly {
  readonly what: string;
  readonly says: RegExp;
  readonly damage: (s3: S3Server, backup: Fixture, parts: readonly string[]) => Promise<void>;
}[] = [
  {
    what: 'the last part is missing, which nothing records',
    says: /hold no (backup_label|global\/pg_control)/,
    damage: async (s3, { bucket }, parts) => {
      await s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: parts.at(-1) }));
    },
  },
  {
    what: 'a part ends exactly between two entries',
    says: /data\.tar\.gz: .*without the two zero blocks at its end/,
    damage: async (s3, { bucket }, [Key]) => {
      const found = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const bytes = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
      await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: withoutLastMember(bytes) }));
    },
  },
];

describeWithLab('a backup of barman-cloud, which has no manifest', () => {
  test.for(damages)('of which $what is never started', async (damaged) => {
    await using directory = await temporaryDirectory();
    const backup = await copyFixture(await fixture('barman-17'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const parts = await partsOf(s3, backup);
    expect(parts.length).toBeGreaterThan(1);
    await damaged.damage(s3, backup, parts);
    const volume = 'odo-test-cut-backup';
    const args = [
      'start',
      '-u',
      backup.url,
      '-e',
      s3.endpoint,
      '-V',
      volume,
      '--image',
      imageName(17),
      '--json',
    ];
    const result = await odo(args, { env: { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') } });
    const list = [
      'run',
      '--rm',
      '-v',
      `${volume}:/restored`,
      '--entrypoint',
      'find',
      imageName(17),
      '/restored',
    ];
    const left = await run('docker', list);
    for (const name of [volume, `odo-${String(result.events[0]?.runId)}-work`]) {
      await run('docker', ['volume', 'rm', '-f', name]);
    }
    expect(result.exitCode, result.stderr).toBe(5);
    expect(result.stderr).toMatch(damaged.says);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(left).not.toMatch(/\/global\/pg_control$/m);
  });
});
