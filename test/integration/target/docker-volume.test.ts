import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Docker } from '../../../src/docker/client.ts';
import { isConflict } from '../../../src/docker/engine-error.ts';
import { helperLabel, runIdLabel } from '../../../src/docker/labels.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { openTarget } from '../../../src/target/open-target.ts';
import { markerFile } from '../../../src/target/target.ts';
import type { VolumeSpec } from '../../../src/target/volume-access.ts';
import { findEngine, removeEverythingOf, type TestEngine, testRunId } from '../../support/engine.ts';

const engine = await findEngine();
const signal = new AbortController().signal;

if ('missing' in engine)
  describe.skip(`a Docker volume as a target: ${engine.missing}`, () => it('is not tested', () => {}));
else for (const access of ['direct', 'engine'] as const) describeVolume(engine, access);

function describeVolume({ docker, image }: TestEngine, access: 'direct' | 'engine'): void {
  function fixtureOf(changes: Partial<VolumeSpec> = {}) {
    const runId = testRunId();
    const volume = `odo-${runId}-pgdata`;
    const spec: VolumeSpec = {
      kind: 'docker-volume',
      volume,
      subpath: '',
      create: true,
      labels: { 'com.docker.compose.volume': 'pgdata' },
      access,
      helperImage: image,
      ...changes,
    };
    const target = openTarget(spec, { docker: async () => docker });
    return {
      runId,
      volume,
      spec,
      target,
      async [Symbol.asyncDispose]() {
        await target.close();
        await removeEverythingOf(docker, runId);
      },
    };
  }

  async function mountpoint(name: string): Promise<string> {
    return (await docker.volumes.inspect(name))!.Mountpoint;
  }

  const helpersOf = (runId: string) =>
    docker.containers.list({ all: true, labels: { [runIdLabel]: runId, [helperLabel]: '' } });

  const inspectors = async () =>
    (await docker.containers.list({ all: true, labels: { [helperLabel]: 'inspect' } })).length;

  describe(`a Docker volume as a target, ${access}`, () => {
    it('that does not exist yet tells where it would be, and is not made by looking', async () => {
      await using fixture = fixtureOf();
      expect(await fixture.target.inspect(signal)).toMatchObject({
        description: `volume ${fixture.volume}`,
        exists: false,
        holds: 'nothing',
        access,
        usedBytes: 0,
        refusal: null,
        liveUsers: [],
      });
      expect((await fixture.target.inspect(signal)).freeBytes).toBeGreaterThan(0);
      const tree = await fixture.target.dataTree(fixture.runId);
      await expect(tree.openWriter(signal)).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
      await expect(tree.list('')).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
      expect(await docker.volumes.inspect(fixture.volume)).toBeNull();
    });

    it('is made with its labels, once, and not taken from another run', async () => {
      await using fixture = fixtureOf();
      await fixture.target.create(fixture.runId, signal);
      await fixture.target.create(fixture.runId, signal);
      expect((await docker.volumes.inspect(fixture.volume))?.Labels).toEqual({
        'com.docker.compose.volume': 'pgdata',
        [runIdLabel]: fixture.runId,
      });
      await expect(fixture.target.create('another-run', signal)).rejects.toMatchObject({
        code: 'TARGET_CHANGED',
      });
      await fixture.target.discard('another-run');
      expect(await docker.volumes.inspect(fixture.volume)).not.toBeNull();
    });

    it('that a service has is used as it is, and never discarded', async () => {
      await using fixture = fixtureOf({ create: false });
      await docker.volumes.create(fixture.volume, { mine: 'yes' });
      await fixture.target.create(fixture.runId, signal);
      await (await fixture.target.dataTree(fixture.runId)).writeFile('file', 'x', 0o600);
      await fixture.target.cleanUp(fixture.runId);
      await fixture.target.discard(fixture.runId);
      expect(await readFile(join(await mountpoint(fixture.volume), 'file'), 'utf8')).toBe('x');
      await docker.volumes.remove(fixture.volume);
    });

    it('tells where tablespaces lie, and refuses a place inside a data directory', async () => {
      await using fixture = fixtureOf({ subpath: 'pg' });
      await fixture.target.create(fixture.runId, signal);
      const root = await mountpoint(fixture.volume);
      await mkdir(join(root, 'pg/pg_tblspc'), { recursive: true });
      await writeFile(join(root, 'pg/PG_VERSION'), '17\n');
      await symlink('/srv/cold', join(root, 'pg/pg_tblspc/16400'));
      const facts = await fixture.target.inspect(signal);
      expect(facts).toMatchObject({ holds: 'data-directory', tablespaceLocations: ['/srv/cold'] });
      expect(facts.fileSystem).toBe(String((await stat(root)).dev));
      expect(facts.location).toBe(join(root, 'pg'));
      const at = (subpath: string) =>
        openTarget({ ...fixture.spec, subpath }, { docker: async () => docker }).inspect(signal);
      expect((await at('pg/base/cold')).refusal).toMatch(/lies inside volume .*\/pg, the data directory/);
      await mkdir(join(root, 'cold/PG_17_202406281'), { recursive: true });
      expect(await at('cold')).toMatchObject({ holds: 'tablespace', serverMajor: 17, refusal: null });
    });

    it('tells what it holds, without changing it', async () => {
      await using fixture = fixtureOf({ subpath: '18/docker' });
      await fixture.target.create(fixture.runId, signal);
      const root = await mountpoint(fixture.volume);
      expect(await fixture.target.inspect(signal)).toMatchObject({
        exists: true,
        holds: 'nothing',
        usedBytes: 0,
        refusal: null,
      });
      expect(await readdir(root)).toEqual([]);

      const data = join(root, '18/docker');
      await mkdir(join(data, 'global'), { recursive: true });
      await writeFile(join(data, 'PG_VERSION'), '18\n');
      await writeFile(join(data, 'global/pg_control'), Buffer.alloc(8192));
      await writeFile(join(data, markerFile), JSON.stringify({ runId: fixture.runId }));
      await new DirectTree(data).own({ uid: 999, gid: 998 });
      const facts = await fixture.target.inspect(signal);
      expect(facts).toMatchObject({
        description: `volume ${fixture.volume}/18/docker`,
        access,
        exists: true,
        holds: 'data-directory',
        serverMajor: 18,
        systemIdentifier: null,
        owner: { uid: 999, gid: 998 },
        heldByRun: fixture.runId,
        liveUsers: [],
        refusal: null,
      });
      expect(facts.usedBytes).toBeGreaterThanOrEqual(8192);
      expect(facts.freeBytes).toBeGreaterThan(facts.usedBytes);
      expect(await inspectors()).toBe(0);
    });

    it('names the running containers that mount it, and not stopped ones or helpers', async () => {
      await using fixture = fixtureOf();
      await fixture.target.create(fixture.runId, signal);
      await (await fixture.target.workTree(fixture.runId)).writeFile('x', 'x', 0o600);
      await (await fixture.target.dataTree(fixture.runId)).writeFile('x', 'x', 0o600);
      const name = `odo-${fixture.runId}-server`;
      const id = await docker.containers.create({
        name,
        Image: image,
        Entrypoint: ['tail', '-f', '/dev/null'],
        Labels: { [runIdLabel]: fixture.runId },
        HostConfig: { Binds: [`${fixture.volume}:/var/lib/data`], NetworkMode: 'none' },
      });
      expect((await fixture.target.inspect(signal)).liveUsers).toEqual([]);
      await docker.containers.start(id);
      expect((await fixture.target.inspect(signal)).liveUsers).toEqual([
        { description: `the container ${name} (${image})`, containerId: id },
      ]);
    });

    it('refuses a data directory below a link', async () => {
      await using fixture = fixtureOf({ subpath: 'link/docker' });
      await fixture.target.create(fixture.runId, signal);
      const root = await mountpoint(fixture.volume);
      await mkdir(join(root, 'real/docker'), { recursive: true });
      await symlink('real', join(root, 'link'));
      expect((await fixture.target.inspect(signal)).refusal).toMatch('symbolic link');
      const use = async () => (await fixture.target.dataTree(fixture.runId)).openWriter(signal);
      await expect(use()).rejects.toMatchObject({ code: 'ENTRY_REFUSED' });
      expect(await readdir(join(root, 'real/docker'))).toEqual([]);
    });

    it('refuses a path out of the volume', async () => {
      await using fixture = fixtureOf({ subpath: '../elsewhere' });
      await fixture.target.create(fixture.runId, signal);
      expect((await fixture.target.inspect(signal)).refusal).toMatch('does not stay inside');
      const use = async () => (await fixture.target.dataTree(fixture.runId)).openWriter(signal);
      await expect(use()).rejects.toMatchObject({ code: 'ENTRY_REFUSED' });
    });

    it('has a data tree and a work tree in two volumes, and cleans up all but the data', async () => {
      await using fixture = fixtureOf({ subpath: 'data' });
      const { runId, target, volume } = fixture;
      await target.create(runId, signal);
      const data = await target.dataTree(runId);
      const work = await target.workTree(runId);
      await data.writeFile('PG_VERSION', '15\n', 0o600);
      await work.writeFile('wal/segment', 'wal', 0o600);
      expect(target.mounts(runId)).toEqual({
        data: { volume, subpath: 'data' },
        work: { volume: `odo-${runId}-work` },
      });
      expect(await readFile(join(await mountpoint(volume), 'data/PG_VERSION'), 'utf8')).toBe('15\n');
      expect(await readFile(join(await mountpoint(`odo-${runId}-work`), 'wal/segment'), 'utf8')).toBe('wal');
      expect(data.localPath === null).toBe(access === 'engine');
      expect((await helpersOf(runId)).length).toBe(access === 'engine' ? 2 : 0);

      // Another process cleans up.
      const other = openTarget(fixture.spec, { docker: async () => docker });
      await other.cleanUp(runId);
      await other.cleanUp(runId);
      expect(await helpersOf(runId)).toEqual([]);
      expect(await docker.volumes.inspect(`odo-${runId}-work`)).toBeNull();
      expect(await readdir(join(await mountpoint(volume), 'data'))).toEqual(['PG_VERSION']);

      await other.discard(runId);
      await other.discard(runId);
      expect(await docker.volumes.inspect(volume)).toBeNull();
    });

    it('does not use or remove a work volume that another made', async () => {
      await using fixture = fixtureOf();
      const work = `odo-${fixture.runId}-work`;
      await docker.volumes.create(work, {});
      await expect(fixture.target.workTree(fixture.runId)).rejects.toMatchObject({ code: 'TARGET_CHANGED' });
      await fixture.target.cleanUp(fixture.runId);
      expect(await docker.volumes.inspect(work)).not.toBeNull();
      await docker.volumes.remove(work);
    });

    it('is not discarded while a container has it', async () => {
      await using fixture = fixtureOf();
      await fixture.target.create(fixture.runId, signal);
      await docker.containers.create({
        Image: image,
        Cmd: ['true'],
        Labels: { [runIdLabel]: fixture.runId },
        HostConfig: { Binds: [`${fixture.volume}:/data`] },
      });
      const error = await fixture.target.discard(fixture.runId).catch((reason: unknown) => reason);
      expect(isConflict(error)).toBe(true);
    });

    it('leaves no helper behind when it is closed', async () => {
      await using fixture = fixtureOf();
      await fixture.target.create(fixture.runId, signal);
      await (await fixture.target.dataTree(fixture.runId)).writeFile('x', 'x', 0o600);
      await fixture.target.close();
      expect(await helpersOf(fixture.runId)).toEqual([]);
    });

    if (access === 'engine') {
      it('says what it can without an image, and that it cannot be a target', async () => {
        for (const helperImage of [null, 'odo-lab/none:1']) {
          await using fixture = fixtureOf({ helperImage });
          await fixture.target.create(fixture.runId, signal);
          expect(await fixture.target.inspect(signal)).toMatchObject({
            exists: true,
            holds: 'other-files',
            refusal: expect.stringContaining('can only be reached through the engine'),
          });
          const use = async () => (await fixture.target.dataTree(fixture.runId)).openWriter(signal);
          await expect(use()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
        }
      });
    } else {
      it('is reached directly by itself only where the engine is surely this machine’s', async () => {
        const accessOf = async (engineLike: Docker, changes: Partial<VolumeSpec> = {}) => {
          await using fixture = fixtureOf({ access: 'auto', ...changes });
          await fixture.target.create(fixture.runId, signal);
          return (await openTarget(fixture.spec, { docker: async () => engineLike }).inspect(signal)).access;
        };
        const info = await docker.info();
        expect(await accessOf(docker)).toBe('direct');
        expect(await accessOf({ ...docker, isLocal: false })).toBe('engine');
        expect(await accessOf({ ...docker, info: async () => ({ ...info, hostName: 'elsewhere' }) })).toBe(
          'engine',
        );
        expect(await accessOf({ ...docker, info: async () => ({ ...info, remapsUsers: true }) })).toBe(
          'engine',
        );
        expect(
          await accessOf({ ...docker, isLocal: false, info: async () => info }, { access: 'engine' }),
        ).toBe('engine');
      });

      it('is not written where an engine elsewhere says it is', async () => {
        await using fixture = fixtureOf();
        const elsewhere = openTarget(fixture.spec, { docker: async () => ({ ...docker, isLocal: false }) });
        await expect(elsewhere.inspect(signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      });

      it('that is mounted only while it is used is reached through the engine', async () => {
        await using fixture = fixtureOf({ access: 'auto' });
        const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=4m' };
        await docker.volumes.create(fixture.volume, { [runIdLabel]: fixture.runId }, undefined, options);
        expect(await fixture.target.inspect(signal)).toMatchObject({
          access: 'engine',
          freeBytes: 4 * 1024 * 1024,
        });
      });
    }
  });
}
