import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { ensureOdoImages, odoImage } from '../lab/odo-images.ts';
import { psqlInContainer, readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { readVolume } from '../support/restored-volume.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { markedBlocks, shellBlocks } from '../support/tutorial.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** Exit code and everything that was said, whatever the code. */
const docker = async (...args: string[]): Promise<{ exitCode: number; said: string }> => {
  const script = 'docker "$@" 2>&1; echo "exit code $?"';
  const said = await run('sh', ['-c', script, 'sh', ...args]);
  return { exitCode: Number(/exit code (\d+)$/.exec(said)?.[1]), said };
};

describeWithLab('the image that prepares a volume', () => {
  beforeAll(ensureOdoImages);

  test.for([
    ['barman-15', 15],
    ['barman-18', 18],
  ] as const)(
    '%s: killed and run again, it leaves what a PostgreSQL container recovers, and then leaves it alone',
    async ([name, major]) => {
      const backup = await fixture(name);
      await using s3 = await startS3({ storageDir: backup.storageDir });
      const id = `odo-test-image-${randomUUID().slice(0, 8)}`;
      const variables = {
        ...s3.env,
        S3_BACKUP_URL: backup.url.replace(/\/[^/]+$/, ''),
        S3_BACKUP_PATH: backup.url.replace(/.*\//, ''),
        S3_ENDPOINT: s3.endpoint,
        // Time enough to kill it.
        ODO_MAX_RATE: '8MiB/s',
      };
      const command = (...more: string[]): string[] => [
        ...['run', '--network', 'host', '-v', `${id}:/data`, ...more],
        ...Object.entries(variables).flatMap(([variable, value]) => ['-e', `${variable}=${value}`]),
        odoImage,
      ];
      try {
        await run('docker', command('-d', '--name', id));
        await waitUntil('it writes', async () => /prepare target/.test((await docker('logs', id)).said));
        await run('docker', ['kill', id]);
        // The same container goes on at once; another waits until the lease of the one before is over.
        const again = await docker('start', '--attach', id);
        expect(again, again.said).toMatchObject({ exitCode: 0 });
        expect(again.said).toMatch(/ resume \d/);
        expect(again.said).toContain('NOT proven');
        // Until recovery has ended nobody can ask.
        const tables = () => readVolume(major, id, readTableFacts);
        expect(await tables()).toEqual(backup.expected.atLatest.tables);

        // Where the data directory lies in the volume makes no difference to what follows.
        if (major === 18) return;
        const inVolume = (script: string) =>
          run('docker', ['run', '--rm', '-v', `${id}:/data`, '--entrypoint', 'sh', odoImage, '-c', script]);
        // Its server was killed; what one that lives leaves there is the same.
        const held = await docker(...command('--rm'));
        expect(held, held.said).toMatchObject({ exitCode: 15 });
        expect(held.said).toContain('in use by PostgreSQL in a container that cannot be seen from here');
        await inVolume('find /data -name postmaster.pid -delete');
        const unagreed = await docker(...command('--rm'));
        expect(unagreed, unagreed.said).toMatchObject({ exitCode: 4 });
        expect(unagreed.said).toContain('Agree beforehand with --yes');
        expect(await inVolume('find /data -name ".odo*"')).toBe('');
        expect(await tables()).toEqual(backup.expected.atLatest.tables);
      } finally {
        await docker('rm', '-f', id);
        await docker('volume', 'rm', '-f', id);
      }
    },
  );

  test('the Compose file of docs/container.md, word for word: odo once, then the server', async () => {
    const backup = await fixture('barman-17');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const page = 'docs/container.md';
    const [file = expect.fail('no Compose file')] = await markedBlocks(page, 'yaml');
    const [commands = expect.fail('no shell block')] = await shellBlocks(page);
    const id = `odo-test-compose-${randomUUID().slice(0, 8)}`;
    // Only what differs here: the images that are built already, and where the store is.
    const override = {
      services: {
        odo: { image: odoImage, network_mode: 'host', environment: ['S3_ENDPOINT'] },
        db: { image: imageName(17) },
      },
    };
    await writeFile(join(directory.path, 'compose.yaml'), file);
    await writeFile(join(directory.path, 'compose.override.yaml'), JSON.stringify(override));
    const env = {
      ...s3.env,
      ...{ S3_BACKUP_URL: backup.url, S3_ENDPOINT: s3.endpoint, COMPOSE_PROJECT_NAME: id },
    };
    const inProject = (script: string) => run('sh', ['-euxc', script], { cwd: directory.path, env });
    try {
      await inProject(commands.replace('--name odo', `--name ${id}`));
      const psql = psqlInContainer(`${id}-db-1`);
      await waitUntil('the server has recovered', () => psql('select not pg_is_in_recovery() or null'));
      expect(await readTableFacts(psql)).toEqual(backup.expected.atLatest.tables);
    } finally {
      // A container that was run once is not the project's to remove.
      await docker('rm', '-f', id);
      await inProject('docker compose --profile restore down -v -t 2');
    }
  });

  test('README.md, word for word: four variables, a volume, and a server that recovers it', async () => {
    const backup = await fixture('barman-17');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const id = `odo-test-readme-${randomUUID().slice(0, 8)}`;
    const [block = expect.fail('no shell block')] = await shellBlocks('README.md');
    // Only what differs here: names, the image that is built already, where the store is, and nothing was killed.
    const script = block
      .replace('docker build --target odo -t odo .', ':')
      .replace(/^docker start .*\n/m, '')
      .replace('s3://bucket/prefix odo\n', `${backup.url} -e S3_ENDPOINT --network host ${odoImage}\n`)
      .replaceAll('pgdata', id)
      .replace('--name odo', `--rm --name ${id}`)
      .replace('--name db', `--name ${id}-db`)
      .replace('postgres:17', imageName(17));
    try {
      await run('sh', ['-euxc', script], { env: { ...s3.env, S3_ENDPOINT: s3.endpoint } });
      const psql = psqlInContainer(`${id}-db`);
      await waitUntil('the server has recovered', () => psql('select not pg_is_in_recovery() or null'));
      expect(await readTableFacts(psql)).toEqual(backup.expected.atLatest.tables);
    } finally {
      await docker('rm', '-f', id, `${id}-db`);
      await docker('volume', 'rm', '-f', id);
    }
  });
});
