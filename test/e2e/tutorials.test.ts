import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { foreignFixture, shopQuestion } from '../lab/foreign-fixtures.ts';
import { imageName, type Major } from '../lab/images.ts';
import { psqlInContainer, readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { followTutorial } from '../support/tutorial.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** What a page's Compose project is called here, and its removal. */
function composeProject(name: string, major: Major) {
  const remove = async () => {
    await run('docker', ['rm', '-fv', `${name}-db-1`]).catch(() => {});
    const left = await run('docker', ['volume', 'ls', '-q', '--filter', `name=^${name}_`]);
    for (const volume of left.split('\n').filter(Boolean))
      await run('docker', ['volume', 'rm', '-f', volume]);
    await run('docker', ['network', 'rm', `${name}_default`]).catch(() => {});
  };
  return {
    env: { COMPOSE_PROJECT_NAME: name, POSTGRES_IMAGE: imageName(major) },
    psql: psqlInContainer(`${name}-db-1`),
    volumes: () => run('docker', ['volume', 'ls', '-q', '--filter', `name=^${name}_`]),
    begin: async (): Promise<AsyncDisposable> => {
      await remove();
      return { [Symbol.asyncDispose]: remove };
    },
  };
}

describeWithLab('what a tutorial says, done', () => {
  test.concurrent('tutorial-compose: restores, and goes back to an earlier moment beside it', async () => {
    const backup = await fixture('barman-17');
    const { between } = backup.expected;
    if (between === null) throw new Error('the fixture has no moment to go back to');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const shop = composeProject('odo-test-tutorial-compose', 17);
    await using _ = await shop.begin();
    await followTutorial('tutorial-compose', {
      directory: directory.path,
      env: {
        ...s3.env,
        ...shop.env,
        S3_BACKUP_URL: backup.url,
        S3_ENDPOINT: s3.endpoint,
        TARGET_TIME: between.time,
      },
    });
    expect(await readTableFacts(shop.psql)).toEqual(between.tables);
    expect((await shop.volumes()).split('\n')).toEqual([
      'odo-test-tutorial-compose_pgdata',
      'odo-test-tutorial-compose_pgdata_before',
    ]);
  });

  test.concurrent('tutorial-server: proves the backup, and restores into a cluster of Debian', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const cluster = 'odotutorial';
    const env = { S3_BACKUP_URL: backup.url, S3_ENDPOINT: s3.endpoint, CLUSTER: cluster };
    try {
      await followTutorial('tutorial-server', {
        directory: directory.path,
        env: { ...s3.env, ...env, DATA: join(directory.path, 'data'), SCRATCH: directory.path },
      });
      const psql = (sql: string) =>
        run('runuser', ['-u', 'postgres', '--', 'psql', '--cluster', `15/${cluster}`, '-XAtq', '-d', 'app'], {
          cwd: '/',
          input: sql,
        });
      expect(await readTableFacts(psql)).toEqual(backup.expected.atLatest.tables);
    } finally {
      await run('pg_dropcluster', ['--stop', '15', cluster]).catch(() => {});
    }
  });

  test.concurrent('tutorial-cloudnativepg: the bucket of an operator runs under a plain image', async () => {
    const backup = await foreignFixture('foreign-cloudnative');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const moved = composeProject('odo-test-tutorial-cloudnativepg', backup.major);
    await using _ = await moved.begin();
    await followTutorial('tutorial-cloudnativepg', {
      directory: directory.path,
      env: { ...s3.env, ...moved.env, S3_BACKUP_URL: backup.url, S3_ENDPOINT: s3.endpoint },
    });
    expect(await moved.psql(shopQuestion.sql)).toBe(shopQuestion.answer);
    expect(await moved.psql('show archive_mode')).toBe('off');
  });
});
