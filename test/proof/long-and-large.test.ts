import { createReadStream } from 'node:fs';
import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Crc32c } from '../../src/archive/hash/crc32c.ts';
import { startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { buildOdo } from '../support/built-odo.ts';
import { startComposedStore } from '../support/composed-store.ts';
import { type LargeBackup, largeBackup, relationSegments, smallFiles } from '../support/large-backup.ts';
import { inMB, type MemoryWatch, watchMemory } from '../support/memory-watch.ts';
import { type OdoProgram, spawnOdo } from '../support/odo-program.ts';
import { proofTally, whole } from '../support/proof.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('long-and-large', 'long-and-large');

/** With the settings that odo has by itself. @unit bytes */
const mostMemory = 400e6;

/** The manifest's entry of a file, and what was made on the way to it. @unit bytes */
const mostForAFile = 2000;

/** No process goes further: there the base backup is laid down and verified, and nothing was changed in it yet. */
const stopAfterBase = { ODO_FAILPOINT: 'configureRecovery:after-intent' };

async function checksumOf(file: string): Promise<string> {
  const sum = await Crc32c.open();
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) sum.update(chunk as Buffer);
  return sum.digest();
}

/** Twenty gigabytes, or what the disk has room for beside what others need of it. */
async function largeBytes(): Promise<number> {
  if (!whole) return 1e9;
  const { bavail, bsize } = await statfs(tmpdir());
  return Math.max(2e9, Math.min(20e9, bavail * bsize - 12e9));
}

/** Starts a restore of a large backup to the end of its base, each time into another directory with the same journal. */
async function restores(large: LargeBackup, directory: string, cli: string) {
  const s3 = await startS3({ storageDir: large.backup.storageDir });
  const store = await startComposedStore(s3, large.backup.bucket, large.objects);
  const env = { ...s3.env, ...stopAfterBase, XDG_STATE_HOME: join(directory, 'state') };
  return {
    store,
    start: (name: string): OdoProgram =>
      spawnOdo(
        [
          'start',
          '-u',
          large.backup.url,
          '-e',
          store.endpoint,
          '--data-dir',
          join(directory, name),
          '--json',
        ],
        { env, cli },
      ),
    resume: (runId: string): OdoProgram => spawnOdo(['resume', runId, '--json'], { env, cli }),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await s3.stop();
    },
  };
}

async function runIdOf(program: OdoProgram): Promise<string> {
  await program.until('the run has a name', ({ stdout }) => stdout.includes('"runId"'));
  return /"runId":"([^"]+)"/.exec(program.output().stdout)?.[1] ?? expect.fail('no run');
}

/** What the phase that lays the base down told at its end. */
async function baseFacts(program: OdoProgram): Promise<Record<string, unknown>> {
  const { signal, stderr, stdout, events } = await program.ended;
  expect(signal, stderr + stdout.slice(-2000)).toBe('SIGKILL');
  const ended = events.find(({ phase, state }) => phase === 'restoreBase' && state === 'completed');
  return (ended?.facts ?? expect.fail(stdout.slice(-2000))) as Record<string, unknown>;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const peakOf = (watches: readonly MemoryWatch[]): number =>
  Math.max(...watches.flatMap(({ peakBytes, peakOfTreeBytes }) => [peakBytes, peakOfTreeBytes]));

describeWithLab('long and large', () => {
  let program: Awaited<ReturnType<typeof temporaryDirectory>>;
  let cli: string;

  beforeAll(async () => {
    program = await temporaryDirectory();
    cli = buildOdo(program.path);
  }, 300_000);
  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
  });

  test(
    'a large base is restored in little memory, killed in the middle and by its seek index',
    { timeout: 900_000 },
    () =>
      proof.case(async () => {
        await using directory = await temporaryDirectory();
        const large = await largeBackup(join(directory.path, 's3'), relationSegments(await largeBytes()));
        await using restoring = await restores(large, directory.path, cli);
        const tree = (name: string, path = '') => join(directory.path, name, path);
        const fileAt = (share: number) =>
          large.added[Math.floor((large.added.length - 1) * share)] ?? expect.fail('no file');

        const first = restoring.start('first');
        using firstWatch = watchMemory(first.pid);
        const runId = await runIdOf(first);
        const storedBytes = [...large.objects.values()][0]?.sizeBytes ?? expect.fail('no archive');
        const half = () => restoring.store.sentBytes > 0.5 * storedBytes;
        await Promise.race([waitUntil('half of it is restored', half, { deadlineMs: 600_000 }), first.ended]);
        first.kill('SIGKILL');
        expect(await first.ended).toMatchObject({ signal: 'SIGKILL' });
        const resumed = restoring.resume(runId);
        using resumedWatch = watchMemory(resumed.pid);
        const facts = await baseFacts(resumed);
        expect(facts.bytes).toBeGreaterThan(sum(large.added.map(({ sizeBytes }) => sizeBytes)));
        expect(facts.bytesMatchingManifest).toBeGreaterThan(0.99 * Number(facts.bytes));
        for (const { path, sizeBytes } of large.added)
          expect((await stat(tree('first', path))).size, path).toBe(sizeBytes);
        for (const { path, checksum } of new Set([fileAt(0.5), fileAt(1)]))
          expect(await checksumOf(tree('first', path)), path).toBe(checksum);
        await rm(tree('first'), { recursive: true });
        const passPeak = peakOf([firstWatch, resumedWatch]);

        const again = restoring.start('again');
        using againWatch = watchMemory(again.pid);
        expect(await baseFacts(again)).toEqual({ ...facts, archivesBySeekIndex: 1 });
        await rm(tree('again'), { recursive: true });
        expect(passPeak).toBeLessThanOrEqual(mostMemory);
        expect(peakOf([againWatch])).toBeLessThanOrEqual(mostMemory);
        proof.figure('GB of the large base', Math.round(large.tarBytes / 1e8) / 10);
        proof.figure('peak MB, killed and resumed', inMB(passPeak));
        proof.figure('peak MB, by the seek index', inMB(peakOf([againWatch])));
      }),
  );

  test('very many small files', { timeout: 900_000 }, () =>
    proof.case(async () => {
      const count = whole ? 300_000 : 20_000;
      await using directory = await temporaryDirectory();
      const many = await largeBackup(join(directory.path, 's3'), smallFiles(count));
      await using restoring = await restores(many, directory.path, cli);
      const restore = restoring.start('target');
      using watch = watchMemory(restore.pid);
      const facts = await baseFacts(restore);
      const found = await readdir(join(directory.path, 'target/base/16384'));
      expect(found.filter((name) => name.length === 6)).toHaveLength(count);
      expect(facts.filesMatchingManifest).toBe(facts.files);
      expect(peakOf([watch])).toBeLessThanOrEqual(mostMemory + count * mostForAFile);
      proof.figure('small files', count);
      proof.figure('peak MB, small files', inMB(peakOf([watch])));
    }),
  );
});
