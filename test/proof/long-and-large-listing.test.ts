import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Crc32c } from '../../src/archive/hash/crc32c.ts';
import { copyFixture, fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { composedOf, startComposedStore } from '../support/composed-store.ts';
import { extendManifest } from '../support/manifest-text.ts';
import { inMB, watchMemory } from '../support/memory-watch.ts';
import { spawnOdo } from '../support/odo-program.ts';
import { proofTally, whole } from '../support/proof.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('long-and-large', 'long-and-large-listing');
const keys = whole ? 100_000 : 10_000;
/** From source: as an operator has it, it takes less. @unit bytes */
const mostMemory = 700e6;

describeWithLab(`a bucket of ${keys} keys`, () => {
  test('odo backups and odo plan read its listing in bounded memory', { timeout: 300_000 }, () =>
    proof.case(async () => {
      await using directory = await temporaryDirectory();
      // Of a plain backup every file of the database is a key.
      const backup = await copyFixture(await fixture('basebackup-15-tree'), join(directory.path, 's3'));
      const folder = `${backup.prefix}/${backup.expected.backups[0]}/data`;
      const page = composedOf([Buffer.alloc(8192)]);
      const sum = await Crc32c.open();
      sum.update(Buffer.alloc(8192));
      const files = Array.from({ length: keys }, (_, i) => ({
        path: `base/16384/${100_000 + i}`,
        sizeBytes: page.sizeBytes,
        checksum: sum.digest(),
      }));
      const manifest = join(backup.storageDir, backup.bucket, folder, 'backup_manifest._S3rver_object');
      await writeFile(manifest, extendManifest(await readFile(manifest, 'utf8'), files));
      await using s3 = await startS3({ storageDir: backup.storageDir });
      const objects = new Map(files.map(({ path }) => [`${folder}/${path}`, page]));
      await using store = await startComposedStore(s3, backup.bucket, objects);
      const env = { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') };
      const source = ['-u', backup.url, '-e', store.endpoint];

      const peaks: number[] = [];
      for (const args of [
        ['backups', ...source],
        ['plan', ...source, '--data-dir', join(directory.path, 'data')],
      ]) {
        const program = spawnOdo([...args, '--json'], { env });
        using watch = watchMemory(program.pid);
        const { exitCode, stderr, stdout } = await program.ended;
        expect(exitCode, stderr).toBe(0);
        expect(stdout).toContain(backup.expected.backups[0]);
        expect(watch.peakBytes).toBeLessThanOrEqual(mostMemory);
        peaks.push(watch.peakBytes);
      }
      expect(store.listings).toBeGreaterThanOrEqual(2 * (keys / 1000));
      proof.figure('keys listed', keys);
      proof.figure('peak MB, listing', inMB(Math.max(...peaks)));
    }),
  );
});
