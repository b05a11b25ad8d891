import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { drillImage, ensureOdoImages, odoImage } from '../lab/odo-images.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('the container images', () => {
  beforeAll(ensureOdoImages);

  test.for([odoImage, drillImage])(
    '%s runs odo as 999:999 behind tini, and says what it is',
    async (image) => {
      const inspected = JSON.parse(await run('docker', ['image', 'inspect', image]))[0].Config;
      expect(inspected.Entrypoint).toEqual(['tini', '--', 'odo']);
      expect(inspected.Labels).toMatchObject({ 'org.opencontainers.image.licenses': 'MIT' });
      expect(await run('docker', ['run', '--rm', image, '--help'])).toMatch(/^Usage: odo/m);
      const inside = ['run', '--rm', '--entrypoint', 'sh', image, '-c'];
      expect(await run('docker', [...inside, 'echo "$(id -u):$(id -g)"'])).toBe('999:999');
      // Neither sources nor what only builds or tests them.
      expect(
        await run('docker', [
          ...inside,
          'ls /opt/odo; ls /opt/odo/node_modules | grep -x -e typescript -e vitest || :',
        ]),
      ).toBe('LICENSE\nbuild\ndist\nnode_modules\npackage.json');
    },
  );

  test('restores with its own server, without a right, a capability or a writable root', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const volume = `odo-test-image-${randomUUID().slice(0, 8)}`;
    try {
      const said = await run('docker', [
        ...[
          'run',
          '--rm',
          '--network',
          'host',
          '--read-only',
          '--tmpfs',
          '/tmp',
          '--tmpfs',
          '/var/lib/odo:uid=999',
        ],
        ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true', '-v', `${volume}:/scratch`],
        ...Object.entries(s3.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
        ...[
          drillImage,
          'start',
          '-u',
          backup.url,
          '-e',
          s3.endpoint,
          '--data-dir',
          '/scratch/data',
          '--json',
        ],
      ]);
      expect(said).toContain(backup.expected.systemIdentifier);
      expect(said).toMatch(/"type":"outcome".*"status":"completed"/);
    } finally {
      await run('docker', ['volume', 'rm', '-f', volume]);
    }
  });
});
