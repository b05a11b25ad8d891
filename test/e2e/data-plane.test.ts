import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { indexKey } from '../../src/steps/published-index.ts';
import { copyFixture, fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const restoredBase = (result: OdoResult) =>
  result.events.find(
    ({ type, phase, state }) => type === 'phase' && phase === 'restoreBase' && state === 'completed',
  )?.facts;

async function keysOf(s3: S3Server, bucket: string): Promise<string[]> {
  const page = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return (page.Contents ?? []).map((object) => object.Key ?? '');
}

describeWithLab('the seek index of an archive', () => {
  test.each(['basebackup-15', 'barman-15-plain'] as const)(
    'lets the second restore of %s decode it at several points, with the same rows',
    async (name) => {
      const backup = await fixture(name);
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using directory = await temporaryDirectory();
      for (const [attempt, archivesBySeekIndex] of [0, 1].entries()) {
        const data = join(directory.path, `data-${attempt}`);
        const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'];
        const result = await odo(args, { env: { ...s3.env, XDG_STATE_HOME: directory.path } });
        expect(result.exitCode, result.stderr).toBe(0);
        expect(restoredBase(result)).toMatchObject({ archivesBySeekIndex });
        expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
      }
    },
  );

  test('keeps odo status true: what stretches have on disk counts', async () => {
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const args = (name: string) => [
      ...['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', join(directory.path, name), '--json'],
    ];
    await odo(args('first'), { env: { ...env, ODO_FAILPOINT: 'configureRecovery:after-intent' } });
    const killed = await odo(args('second'), { env: { ...env, ODO_FAILPOINT: 'checkpoint:after#3' } });
    expect(killed.signal).toBe('SIGKILL');
    const status = await odo(['status', String(killed.events[0]?.runId), '--json'], { env });
    const { baseBytes } = status.events[0] as { baseBytes: { done: number; total: number } };
    expect(baseBytes.done).toBeGreaterThan(baseBytes.total / 4);
    expect(baseBytes.done).toBeLessThan(baseBytes.total);
  });

  test('is published beside the backup when asked, for hosts whose journal does not have it', async () => {
    await using directory = await temporaryDirectory();
    const backup = await copyFixture(await fixture('basebackup-15'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const before = await keysOf(s3, backup.bucket);
    const start = async (host: string, ...more: string[]) => {
      const target = ['--data-dir', join(directory.path, `data-${host}`), '--json'];
      const result = await odo(['start', '-u', backup.url, '-e', s3.endpoint, ...target, ...more], {
        env: { ...s3.env, XDG_STATE_HOME: join(directory.path, host) },
      });
      expect(result.exitCode, result.stderr).toBe(0);
      return restoredBase(result);
    };
    expect(await start('first', '--publish-index')).toMatchObject({ archivesBySeekIndex: 0 });
    const archive = before.find((key) => key.endsWith('/base.tar.gz')) ?? expect.fail('no archive');
    const added = (await keysOf(s3, backup.bucket)).filter((key) => !before.includes(key));
    expect(added).toContain(indexKey({ key: archive }));
    expect(added.every((key) => key.includes('/odo-index/'))).toBe(true);
    expect(await start('second')).toMatchObject({ archivesBySeekIndex: 1 });
    expect(await factsOfDirectory(join(directory.path, 'data-second'))).toEqual(
      backup.expected.atLatest.tables,
    );
  });
});

describeWithLab('a restore', () => {
  test('with --no-sync and all limits set holds every row', async () => {
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const limits = ['--no-sync', '--background', '--memory', '16MiB', '--jobs', '1', '--max-rate', '60MiB/s'];
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json', ...limits];
    const result = await odo(args, { env: { ...s3.env, XDG_STATE_HOME: directory.path } });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
  });
});

describeWithLab('--page-checksums', () => {
  test('ends the restore at a page that the source or the backup damaged, and passes the pages of a good one', async () => {
    await using directory = await temporaryDirectory();
    // PostgreSQL 18 makes clusters with page checksums.
    const backup = await copyFixture(await fixture('barman-18'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const volume = 'odo-test-page-checksums';
    const start = async (...access: string[]) => {
      const target = ['-V', volume, '--image', imageName(18), '--page-checksums', '--json'];
      const result = await odo(['start', '-u', backup.url, '-e', s3.endpoint, ...target, ...access], {
        env: { ...s3.env, XDG_STATE_HOME: directory.path },
      });
      const runId = String(result.events[0]?.runId);
      const helpers = await run('docker', ['ps', '-aq', '--filter', `name=odo-${runId}-`]);
      if (helpers !== '') await run('docker', ['rm', '-f', ...helpers.split('\n')]);
      for (const name of [volume, `odo-${runId}-work`]) await run('docker', ['volume', 'rm', '-f', name]);
      return result;
    };
    const good = await start();
    expect(good.exitCode, good.stderr).toBe(0);
    const { pagesMatching } = restoredBase(good) as { pagesMatching: number };
    expect(pagesMatching).toBeGreaterThan(10_000);

    const Key =
      (await keysOf(s3, backup.bucket)).find((key) => key.endsWith('/data.tar.gz')) ??
      expect.fail('no archive');
    const found = await s3.client.send(new GetObjectCommand({ Bucket: backup.bucket, Key }));
    const tar = gunzipSync((await found.Body?.transformToByteArray()) ?? new Uint8Array());
    // pg_description of template1: nobody writes to it, so that the WAL has no other page to put in its place.
    const path = 'base/1/2609';
    const at = contentAt(tar, path) + 3 * 8192 + 5000;
    tar[at] = (tar[at] ?? 0) ^ 0x10;
    await s3.client.send(
      new PutObjectCommand({ Bucket: backup.bucket, Key, Body: gzipSync(tar, { level: 1 }) }),
    );
    // Its page is then read again through the engine.
    const bad = await start('--volume-access', 'engine');
    expect(bad.exitCode, bad.stderr).toBe(6);
    expect(bad.stderr).toContain(`block 3 of ${path}`);
    expect(bad.stderr).toMatch(/1 of \d+ pages/);
  });
});

/** Where the content of a file begins in a tar. */
function contentAt(tar: Uint8Array, path: string): number {
  const text = (from: number, to: number) =>
    Buffer.from(tar.subarray(from, to)).toString('latin1').replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= tar.length; ) {
    if (text(at, at + 100).replace(/^\.\//, '') === path) return at + 512;
    const sizeBytes = Number.parseInt(text(at + 124, at + 136), 8) || 0;
    at += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  return expect.fail(`no ${path}`);
}
