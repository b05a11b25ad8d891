import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { s3Keys, startS3 } from '../lab/s3-server.ts';
import { expectFewRights } from '../support/container-rights.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const volume = `odo-test-rights-${randomUUID().slice(0, 8)}`;

describeWithLab('every container that odo has made for itself has few rights and no secret', () => {
  test.for([
    ['a restore', 'start', '-V', volume, '--volume-access', 'engine', '--yes'],
    ['a drill with a port', 'drill', '--port', 'auto'],
  ] as const)('in %s', async ([, command, ...options]) => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using engine = await startEngineProxy(join(directory.path, 'engine.sock'));
    const env = { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state'), DOCKER_HOST: engine.address };
    const where = ['-u', backup.url, '-e', s3.endpoint, '--image', imageName(15)];
    try {
      const { exitCode, stderr } = await odo([command, ...where, ...options, '--json'], { env });
      expect(exitCode, stderr).toBe(0);
    } finally {
      await run('docker', ['volume', 'rm', '-f', volume]);
    }
    const kinds = new Set(engine.creations.map(({ options: { Entrypoint } }) => JSON.stringify(Entrypoint)));
    expect(kinds.size).toBeGreaterThan(1);
    for (const { name, options: asked } of engine.creations) {
      expectFewRights(asked);
      const said = JSON.stringify(asked);
      for (const secret of [s3Keys.secretAccessKey, '/var/run/docker.sock'])
        expect(said.includes(secret), `${name}: ${secret}`).toBe(false);
    }
  });
});
