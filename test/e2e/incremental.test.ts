import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { imageLayout, imageName } from '../lab/images.ts';
import { type IncrementalFixture, incrementalFixture } from '../lab/incremental-fixtures.ts';
import { psqlInContainer, readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** Path → digest of every file below `root`, `dir` for a directory; `rename` gives null for what is left out. */
async function contentOf(
  root: string,
  rename: (path: string) => string | null,
): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true })) {
    const name = rename(entry);
    if (name === null) continue;
    const stats = await lstat(join(root, entry));
    if (stats.isSymbolicLink()) continue;
    content[name] = stats.isDirectory()
      ? 'dir'
      : createHash('sha256')
          .update(await readFile(join(root, entry)))
          .digest('hex');
  }
  return content;
}

/** What the real pg_combinebackup makes of the chain, with its tablespaces linked by hand as it needs it. */
async function combined(fixture: IncrementalFixture, directory: string): Promise<Record<string, string>> {
  const { major, bucket, storageDir, tablespace } = fixture;
  const script = `
    for link in full incremental-1 incremental-2; do
      mkdir -p /w/$link.spaces /w/$link && cd /w/$link
      if [ -d /chain/$link/global ]; then
        cp -r /chain/$link/. . && find . -type f ! -name '*._S3rver_object' -delete
        find . -name '*._S3rver_object' | while read -r file; do mv "$file" "\${file%._S3rver_object}"; done
        for oid in $(ls pg_tblspc); do
          mv pg_tblspc/$oid /w/$link.spaces/$oid && ln -s /w/$link.spaces/$oid pg_tblspc/$oid
        done
        continue
      fi
      tar -xf /chain/$link/base.tar*._S3rver_object
      cp /chain/$link/backup_manifest._S3rver_object backup_manifest
      for tar in /chain/$link/[0-9]*._S3rver_object; do
        oid=$(basename $tar | cut -d. -f1)
        mkdir /w/$link.spaces/$oid && tar -xf $tar -C /w/$link.spaces/$oid
        ln -s /w/$link.spaces/$oid pg_tblspc/$oid
      done
      rm -f tablespace_map
    done
    /usr/lib/postgresql/${major}/bin/pg_combinebackup /w/full /w/incremental-1 /w/incremental-2 \\
      -o /out/data -T /w/incremental-2.spaces/${tablespace}=/out/space
  `;
  const out = join(directory, 'combined');
  await mkdir(out);
  await run('docker', [
    ...['run', '--rm', '--network', 'none', '-u', 'root', '--entrypoint', 'bash'],
    ...['-v', `${join(storageDir, bucket, 'pg')}:/chain:ro`, '-v', `${out}:/out`],
    ...[imageName(major), '-euc', script],
  ]);
  // Its own; and WAL, which odo brings elsewhere.
  const data = await contentOf(join(out, 'data'), (path) =>
    path === 'backup_manifest' || path.startsWith('pg_wal/') ? null : path,
  );
  const space = await contentOf(join(out, 'space'), (path) => `space/${path}`);
  await rm(out, { recursive: true });
  return { ...data, ...space };
}

/** What odo has restored when it is about to configure recovery. */
async function restored(volume: string, fixture: IncrementalFixture): Promise<Record<string, string>> {
  const { major, tablespace } = fixture;
  const mountPoint = await run('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', volume]);
  const root = join(mountPoint.trim(), major === 18 ? '18/docker' : '');
  return contentOf(root, (path) => {
    if (
      path.startsWith('pg_wal/') ||
      path === '.odo-run.json' ||
      path === '.odo-sealed' ||
      path === 'odo_tablespaces'
    )
      return null;
    if (path === `odo_tablespaces/${tablespace}`) return null;
    return path
      .replace('.odo-sealed/pg_control', 'global/pg_control')
      .replace('.odo-sealed/', '')
      .replace(`odo_tablespaces/${tablespace}/`, 'space/');
  });
}

const checkpointsOf = ({ events }: OdoResult) =>
  events.filter(({ type }) => type === 'checkpoint').map(({ item }) => String(item));

/** Restores into volumes of the test's own, which are gone at its end. */
async function openShop(chain: IncrementalFixture) {
  const { major } = chain;
  const volumes = ['undisturbed', 'killed'].map((how) => `odo-test-chain-${major}-${how}`);
  const [undisturbed = '', killed = ''] = volumes;
  const server = `odo-test-chain-${major}-server`;
  const works: string[] = [];
  const remove = async () => {
    await run('docker', ['rm', '-fv', server]).catch(() => {});
    for (const volume of [...volumes, ...works]) await run('docker', ['volume', 'rm', '-f', volume]);
  };
  await remove();
  const directory = await temporaryDirectory();
  const s3 = await startS3({ storageDir: chain.storageDir });
  const env = (failpoint: string) => ({
    ...s3.env,
    XDG_STATE_HOME: directory.path,
    ODO_FAILPOINT: failpoint,
  });
  return {
    directory: directory.path,
    undisturbed,
    killed,
    async start(volume: string, failpoint: string, ...more: string[]) {
      const target = ['-V', volume, '--image', imageName(major), '--jobs', '1', '--checkpoint-size', '2MiB'];
      const args = ['start', '-u', chain.url, '-e', s3.endpoint, ...target, '--json', ...more];
      const result = await odo(args, { env: env(failpoint) });
      expect(result.signal, result.stderr).toBe('SIGKILL');
      const runId = String(result.events[0]?.runId);
      works.push(`odo-${runId}-work`);
      const base = result.events.find(({ phase, state }) => phase === 'restoreBase' && state === 'completed');
      return { runId, checkpoints: checkpointsOf(result), facts: base?.facts };
    },
    resume: (runId: string, failpoint = '') => odo(['resume', runId, '--json'], { env: env(failpoint) }),
    async factsOf(volume: string) {
      const mount = ['-v', `${volume}:${imageLayout(major).volume}`];
      await run('docker', ['run', '-d', '--name', server, '--network', 'none', ...mount, imageName(major)]);
      const psql = psqlInContainer(server);
      await waitUntil('the restored server answers', () => psql('select 1'));
      return readTableFacts(psql);
    },
    async [Symbol.asyncDispose]() {
      await remove();
      await s3.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const beforeRecovery = 'configureRecovery:after-intent';

describeWithLab('an incremental backup', () => {
  test('is combined with those before it as pg_combinebackup of 17 does it, killed in its second link or not', async () => {
    const chain = await incrementalFixture(17);
    await using shop = await openShop(chain);
    const wanted = await combined(chain, shop.directory);
    const { checkpoints } = await shop.start(shop.undisturbed, beforeRecovery);
    expect(await restored(shop.undisturbed, chain)).toEqual(wanted);

    const inSecond = checkpoints.findIndex((item) => item.startsWith('incremental-1/base.tar'));
    expect(inSecond).toBeGreaterThan(0);
    const first = await shop.start(shop.killed, `checkpoint:after#${inSecond + 2}`);
    expect(first.checkpoints.at(-1)).toMatch(/^incremental-1\/base\.tar/);
    const resumed = await shop.resume(first.runId, beforeRecovery);
    expect(resumed.signal, resumed.stderr).toBe('SIGKILL');
    expect(checkpointsOf(resumed).some((item) => item.startsWith('full/'))).toBe(false);
    expect(await restored(shop.killed, chain)).toEqual(wanted);

    const finished = await shop.resume(first.runId);
    expect(finished.exitCode, finished.stderr).toBe(0);
    expect(await shop.factsOf(shop.killed)).toEqual(chain.tables['incremental-2']);
  });

  test('is combined as pg_combinebackup of 18 does it, with a plain one between tars, and its pages checked', async () => {
    const chain = await incrementalFixture(18);
    await using shop = await openShop(chain);
    const wanted = await combined(chain, shop.directory);
    // PostgreSQL 18 makes clusters with page checksums.
    const { runId, facts } = await shop.start(shop.undisturbed, beforeRecovery, '--page-checksums');
    // Those of the incremental files too, each by its own number.
    expect(facts).toMatchObject({ pagesInDoubt: 0 });
    expect(await restored(shop.undisturbed, chain)).toEqual(wanted);
    const finished = await shop.resume(runId);
    expect(finished.exitCode, finished.stderr).toBe(0);
    expect(await shop.factsOf(shop.undisturbed)).toEqual(chain.tables['incremental-2']);
  });
});

describeWithLab('the chain of an incremental backup', () => {
  /** In a bucket of the test's own. */
  async function onCopy(arrange: (folder: string) => Promise<void>, ...args: string[]) {
    const chain = await incrementalFixture(17);
    await using directory = await temporaryDirectory();
    const storageDir = join(directory.path, 's3');
    await cp(join(chain.storageDir, chain.bucket), join(storageDir, chain.bucket), { recursive: true });
    await arrange(join(storageDir, chain.bucket, 'pg'));
    await using s3 = await startS3({ storageDir });
    const [command = '', ...more] = args;
    return await odo([command, '-u', chain.url, '-e', s3.endpoint, ...more], {
      env: { ...s3.env, XDG_STATE_HOME: directory.path },
    });
  }
  const target = ['-V', 'odo-test-chain-refused', '--image', imageName(17), '--backup', 'incremental-2'];
  const untouched = async () =>
    expect(await run('docker', ['volume', 'ls', '-q', '-f', 'name=odo-test-chain-refused'])).toBe('');

  test('is shown by odo backups and odo plan', async () => {
    const { stdout } = await onCopy(async () => {}, 'backups', '--json');
    const shown = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ type }) => type === 'backup');
    expect(shown.map(({ id, restorable, incremental }) => [id, restorable, incremental])).toMatchObject([
      ['full', true, undefined],
      ['incremental-1', true, { dependsOn: [{ id: 'full' }] }],
      ['incremental-2', true, { dependsOn: [{ id: 'full' }, { id: 'incremental-1' }] }],
    ]);
    const plan = await onCopy(async () => {}, 'plan', ...target);
    expect(plan.exitCode, plan.stderr).toBe(0);
    expect(plan.stdout).toMatch(/incremental-2 is incremental/);
    expect(plan.stdout).toMatch(/full\/base\.tar\.gz[^]*incremental-1\/base\.tar\.gz/);
    // The tablespace that the newest backup no longer has is not read.
    expect(plan.stdout.match(/full\/\d+\.tar/g)).toHaveLength(1);
    await untouched();
  });

  test('with a link missing is refused before anything is touched, with where that link begins', async () => {
    const drop = (folder: string) => rm(join(folder, 'incremental-1'), { recursive: true });
    const result = await onCopy(drop, 'start', ...target);
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toMatch(/incremental from \w+\/\w+ on timeline 1, and no backup that begins there/);
    await untouched();
  });

  test('with a link of another cluster is refused before anything is touched', async () => {
    const result = await onCopy(
      async (folder) => {
        const path = join(folder, 'full', 'backup_manifest._S3rver_object');
        const text = await readFile(path, 'utf8');
        const other = text.replace(/("System-Identifier": )\d+/, '$17000000000000000001');
        const covered = other.slice(0, other.lastIndexOf('\n', other.length - 2) + 1);
        const checksum = createHash('sha256').update(covered).digest('hex');
        await writeFile(path, `${covered}"Manifest-Checksum": "${checksum}"}\n`);
      },
      'start',
      ...target,
    );
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toMatch(/full is of the cluster 7000000000000000001/);
    await untouched();
  });

  test('is refused where odo can write through the engine only, with what to do', async () => {
    const result = await onCopy(async () => {}, 'start', ...target, '--volume-access', 'engine');
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toMatch(/--volume-access direct/);
    await untouched();
  });
});
