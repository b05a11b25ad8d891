import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runIdLabel } from '../../../src/docker/labels.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { EngineTree } from '../../../src/target/engine-tree.ts';
import { HelperContainer } from '../../../src/target/helper-container.ts';
import { describeTree } from '../../contract/tree.contract.ts';
import { describeWorkTree } from '../../contract/work-tree.contract.ts';
import { findEngine, removeEverythingOf, type TestEngine, testRunId } from '../../support/engine.ts';

const engine = await findEngine();
const signal = new AbortController().signal;

if ('missing' in engine)
  describe.skip(`a volume through the engine: ${engine.missing}`, () => it('is not tested', () => {}));
else describeEngineTree(engine);

function describeEngineTree({ docker, image }: TestEngine): void {
  async function open(subpath = 'data') {
    const runId = testRunId();
    const volume = `odo-${runId}-data`;
    const { Mountpoint } = await docker.volumes.create(volume, { [runIdLabel]: runId });
    const root = join(Mountpoint, subpath);
    await mkdir(root, { recursive: true });
    const name = `odo-${runId}-helper-data`;
    const helper = new HelperContainer(docker, { name, volume, image, runId });
    const absent = new HelperContainer(docker, {
      name: `${name}-2`,
      volume: `${volume}-absent`,
      image,
      runId,
    });
    return {
      runId,
      name,
      volume,
      helper,
      root,
      tree: new EngineTree(helper, subpath, 'make'),
      missing: new EngineTree(absent, '', 'make'),
      [Symbol.asyncDispose]: () => removeEverythingOf(docker, runId),
    };
  }

  describeTree('a volume through the engine', open);
  describeWorkTree('a volume through the engine', open);

  describe('a volume through the engine', () => {
    it('makes the data directory below the root, reachable for the server’s user', async () => {
      await using fixture = await open('');
      const tree = new EngineTree(fixture.helper, '18/docker', 'make');
      expect(tree.description).toBe(`volume ${fixture.volume}/18/docker`);
      await tree.writeFile('PG_VERSION', '18\n', 0o600);
      const answer = await fixture.helper.run('stat -c %a /odo-target/18 /odo-target/18/docker', []);
      expect(answer.stdout).toBe('755\n700\n');
      expect(await new DirectTree(join(fixture.root, '18/docker')).list('')).toEqual([
        { name: 'PG_VERSION', kind: 'file' },
      ]);
    });

    it('refuses a data directory below a link', async () => {
      await using fixture = await open('');
      await fixture.helper.run('mkdir /odo-target/real && ln -s real /odo-target/link', []);
      for (const subpath of ['link', 'link/docker']) {
        const tree = new EngineTree(fixture.helper, subpath, 'make');
        await expect(tree.openWriter(signal)).rejects.toMatchObject({ code: 'ENTRY_REFUSED' });
      }
    });

    it('runs as root without network, with three capabilities and nothing of the image writable', async () => {
      await using fixture = await open();
      const container = await docker.containers.inspect(await fixture.helper.start());
      expect(container?.HostConfig).toMatchObject({
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
        ReadonlyRootfs: true,
      });
      expect(container?.Config.Labels[runIdLabel]).toBe(fixture.runId);
      expect((await fixture.helper.run('id -u; touch /etc/x 2>/dev/null || echo read-only', [])).stdout).toBe(
        '0\nread-only\n',
      );
    });

    it('starts another helper when the first one is gone', async () => {
      await using fixture = await open();
      await fixture.tree.writeFile('file', 'x', 0o600);
      await docker.containers.remove(fixture.name, { force: true });
      await expect(fixture.tree.readFile('file', 10)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
      expect(Buffer.from((await fixture.tree.readFile('file', 10))!).toString()).toBe('x');
    });

    it('replaces a helper of a process that was killed, and shares one within this process', async () => {
      await using fixture = await open();
      await docker.containers.create({
        name: fixture.name,
        Image: image,
        Entrypoint: ['tail', '-f', '/dev/null'],
        Labels: { [runIdLabel]: fixture.runId, 'odo.helper': 'tree', 'odo.process': 'elsewhere/1/1' },
      });
      const left = await docker.containers.inspect(fixture.name);
      const id = await fixture.helper.start();
      expect(id).not.toBe(left?.Id);
      const second = new HelperContainer(docker, {
        name: fixture.name,
        volume: fixture.volume,
        image,
        runId: fixture.runId,
      });
      expect(await second.start()).toBe(id);
    });

    it('leaves a container alone that only has its name', async () => {
      await using fixture = await open();
      const Labels = { [runIdLabel]: fixture.runId };
      const id = await docker.containers.create({ name: fixture.name, Image: image, Cmd: ['true'], Labels });
      await expect(fixture.helper.start()).rejects.toMatchObject({ code: 'TARGET_CHANGED' });
      await fixture.helper.remove();
      expect(await docker.containers.inspect(id)).not.toBeNull();
    });

    it('says that the image is missing', async () => {
      await using fixture = await open();
      const helper = new HelperContainer(docker, {
        name: 'odo-x',
        volume: fixture.volume,
        image: 'odo-lab/none:1',
        runId: fixture.runId,
      });
      await expect(helper.start()).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        hint: 'Fetch it: docker pull odo-lab/none:1',
      });
    });

    it('says that a full volume is full, in the middle of a large file', async () => {
      const runId = testRunId();
      const volume = `odo-${runId}-small`;
      await using _ = { [Symbol.asyncDispose]: () => removeEverythingOf(docker, runId) };
      await docker.volumes.create(volume, { [runIdLabel]: runId }, undefined, {
        type: 'tmpfs',
        device: 'tmpfs',
        o: 'size=4m',
      });
      const helper = new HelperContainer(docker, { name: `odo-${runId}-helper-data`, volume, image, runId });
      const tree = new EngineTree(helper, '', 'make');
      const writer = await tree.openWriter(signal);
      const fill = async (): Promise<void> => {
        await writer.beginFile({ path: 'large', sizeBytes: 64_000_000 }, 0);
        const bytes = randomBytes(1_000_000);
        for (let index = 0; index < 64; index += 1) await writer.write(bytes);
        await writer.endFile();
        await writer.sync();
      };
      await expect(fill()).rejects.toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
      await writer.close();
      await tree.clear([]);
      await tree.writeFile('small', 'fits again', 0o600);
      await expect(tree.writeFile('large', randomBytes(8_000_000), 0o600)).rejects.toMatchObject({
        code: 'NOT_ENOUGH_SPACE',
      });
    });
  });
}
