import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerInfo, Docker } from '../../../src/docker/client.ts';
import { DataDirectory } from '../../../src/target/data-directory.ts';
import { markerFile } from '../../../src/target/target.ts';

const signal = new AbortController().signal;
const runId = '20261123-211200-k3f9';

let parent: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'odo-target-'));
  path = join(parent, 'pg/data');
});

afterEach(() => rm(parent, { recursive: true, force: true }));

const open = (at = path, docker: Docker | null = null) =>
  new DataDirectory({ kind: 'data-directory', path: at }, async () => docker);

const isThere = (at: string) =>
  lstat(at).then(
    () => true,
    () => false,
  );

describe('looking at a data directory', () => {
  it('that is absent tells the space where it would be, and changes nothing', async () => {
    expect(await open().inspect(signal)).toEqual({
      description: path,
      exists: false,
      location: await realpath(join(path, '../..')).then((root) => join(root, 'pg/data')),
      fileSystem: String((await stat(tmpdir())).dev),
      tablespaceLocations: [],
      holds: 'nothing',
      serverMajor: null,
      systemIdentifier: null,
      owner: null,
      heldByRun: null,
      liveUsers: [],
      access: 'direct',
      freeBytes: expect.any(Number),
      usedBytes: 0,
      refusal: null,
    });
    expect(await readdir(parent)).toEqual([]);
  });

  it('that is empty, or has only what belongs to odo and the file system, holds nothing', async () => {
    await mkdir(join(path, 'lost+found'), { recursive: true });
    await mkdir(join(path, `.odo-${runId}`));
    expect(await open().inspect(signal)).toMatchObject({
      exists: true,
      holds: 'nothing',
      owner: null,
      usedBytes: expect.any(Number),
    });
    await writeFile(join(path, markerFile), JSON.stringify({ runId }));
    expect(await open().inspect(signal)).toMatchObject({ holds: 'nothing', heldByRun: runId });
  });

  it('tells the major, whose it is and how large', async () => {
    await mkdir(join(path, 'global'), { recursive: true });
    await writeFile(join(path, 'PG_VERSION'), '17\n');
    await writeFile(join(path, 'global/pg_control'), Buffer.alloc(8192, 1));
    const facts = await open(`${path}/`).inspect(signal);
    expect(facts).toMatchObject({
      description: path,
      holds: 'data-directory',
      serverMajor: 17,
      systemIdentifier: null, // damaged
      owner: { uid: process.getuid?.(), gid: process.getgid?.() },
    });
    expect(facts.usedBytes).toBeGreaterThan(8192);
  });

  it('with only a control file is still a data directory; with other files it is not', async () => {
    await mkdir(join(path, 'global'), { recursive: true });
    await writeFile(join(path, 'global/pg_control'), 'cut short');
    expect(await open().inspect(signal)).toMatchObject({ holds: 'data-directory', serverMajor: null });
    await rm(join(path, 'global/pg_control'));
    expect(await open().inspect(signal)).toMatchObject({ holds: 'other-files' });
  });

  it('tells where the tablespaces of a data directory lie, and what is the tablespace of one major', async () => {
    await mkdir(join(path, 'pg_tblspc'), { recursive: true });
    await writeFile(join(path, 'PG_VERSION'), '17\n');
    await symlink('/srv/cold', join(path, 'pg_tblspc/16400'));
    await mkdir(join(path, 'pg_tblspc/16401'));
    expect(await open().inspect(signal)).toMatchObject({ tablespaceLocations: ['/srv/cold'] });
    const tablespace = join(parent, 'cold');
    await mkdir(join(tablespace, 'PG_17_202406281/5'), { recursive: true });
    const seen = () => open(tablespace).inspect(signal);
    expect(await seen()).toMatchObject({ holds: 'tablespace', serverMajor: 17, tablespaceLocations: [] });
    await mkdir(join(tablespace, 'PG_18_202506291'));
    expect(await seen()).toMatchObject({ holds: 'other-files', serverMajor: null });
  });

  it('does not follow links to a version, a control file or a marker', async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(parent, 'version'), '15\n');
    await symlink('../../version', join(path, 'PG_VERSION'));
    await symlink('..', join(path, 'global'));
    expect(await open().inspect(signal)).toMatchObject({
      holds: 'data-directory',
      serverMajor: null,
      systemIdentifier: null,
    });
  });

  it('that is refused says why and is not looked into', async () => {
    expect(await open('/').inspect(signal)).toMatchObject({
      refusal: '/ is a directory of the system.',
      usedBytes: 0,
    });
    await expect(open('/etc').create(runId, signal)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });
});

describe('a server that lives in a data directory', () => {
  /** A process named as the server, with its working directory. */
  async function startServer(cwd: string, name = 'postgres') {
    const program = join(parent, name);
    await copyFile('/bin/sleep', program);
    await chmod(program, 0o755);
    const child = spawn(program, ['60'], { cwd, stdio: 'ignore' });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    return {
      pid,
      async [Symbol.asyncDispose]() {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  beforeEach(() => mkdir(path, { recursive: true }));

  it('is found by postmaster.pid', async () => {
    await using server = await startServer(path);
    await writeFile(join(path, 'postmaster.pid'), `${server.pid}\n${path}\n`);
    expect((await open().inspect(signal)).liveUsers).toEqual([
      { description: `PostgreSQL, pid ${server.pid}`, containerId: null },
    ]);
  });

  it('is not another server that has its number by now', async () => {
    await using server = await startServer(parent);
    await writeFile(join(path, 'postmaster.pid'), `${server.pid}\n${path}\n`);
    expect((await open().inspect(signal)).liveUsers).toEqual([]);
  });

  it('is found by its working directory, whatever postmaster.pid says', async () => {
    await using server = await startServer(path);
    await writeFile(join(path, 'postmaster.pid'), '1\n');
    expect((await open().inspect(signal)).liveUsers).toEqual([
      { description: `PostgreSQL, pid ${server.pid}`, containerId: null },
    ]);
  });

  it('is not one that ended, nor another program with its number', async () => {
    await writeFile(join(path, 'postmaster.pid'), '4194304\n');
    expect((await open().inspect(signal)).liveUsers).toEqual([]);
    await using _ = await startServer(path, 'vim');
    await writeFile(join(path, 'postmaster.pid'), `${process.pid}\n`);
    expect((await open().inspect(signal)).liveUsers).toEqual([]);
    await writeFile(join(path, 'postmaster.pid'), 'nonsense');
    expect((await open().inspect(signal)).liveUsers).toEqual([]);
  });
});

describe('containers that mount a data directory', () => {
  type Mount = Pick<ContainerInfo['Mounts'][number], 'Source'> & { RW?: boolean };

  function engineWith(mount: Mount, labels: Record<string, string> = {}, isLocal = true): Docker {
    const container = {
      Id: 'c0ffee',
      Names: ['/pg'],
      Image: 'postgres:17',
      Labels: labels,
      Mounts: [{ Type: 'bind', Destination: '/x', Mode: '', Propagation: '', RW: true, ...mount }],
    };
    return { isLocal, containers: { list: async () => [container] } } as unknown as Docker;
  }

  const usersWith = async (docker: Docker) => (await open(path, docker).inspect(signal)).liveUsers;
  const pg = { description: 'the container pg (postgres:17)', containerId: 'c0ffee' };

  beforeEach(() => mkdir(path, { recursive: true }));

  it('are those that mount it, a part of it, or a writable directory above it', async () => {
    for (const Source of [path, join(path, 'pg_wal'), join(parent, 'pg')]) {
      expect(await usersWith(engineWith({ Source }))).toEqual([pg]);
    }
  });

  it('are also those that name it by a link, or a link above it', async () => {
    await symlink(path, join(parent, 'link'));
    await symlink(parent, join(parent, 'above'));
    for (const Source of [join(parent, 'link'), join(parent, 'above/pg/data')]) {
      expect(await usersWith(engineWith({ Source, RW: false })), Source).toEqual([pg]);
    }
  });

  it('are not those that mount something else, the whole host, or a directory above it to read', async () => {
    for (const mount of [
      { Source: `${path}2` },
      { Source: '' },
      { Source: '/' },
      { Source: parent, RW: false },
    ]) {
      expect(await usersWith(engineWith(mount))).toEqual([]);
    }
  });

  it('are not odo’s helpers, nor containers of an engine elsewhere', async () => {
    expect(await usersWith(engineWith({ Source: path }, { 'odo.helper': 'tree' }))).toEqual([]);
    expect(await usersWith(engineWith({ Source: path }, {}, false))).toEqual([]);
  });
});

describe('a data directory of a run', () => {
  it('is made once, with the directories above it', async () => {
    await open().create(runId, signal);
    await writeFile(join(path, 'file'), 'x');
    await open().create(runId, signal);
    expect(await readdir(path)).toEqual(['file']);
    expect((await lstat(path)).mode & 0o777).toBe(0o700);
  });

  it('has its work directory beside it, which cleaning up removes and nothing else', async () => {
    const target = open();
    await target.create(runId, signal);
    const work = await target.workTree(runId);
    expect(work.localPath).toBe(`${path}.odo-${runId}`);
    await work.writeFile('wal/0001', 'wal', 0o600);
    expect((await open().workTree(runId)).localPath).toBe(work.localPath);
    expect(target.mounts()).toBeNull();
    await (await target.dataTree(runId)).writeFile('PG_VERSION', '17\n', 0o600);

    await target.cleanUp(runId);
    await target.cleanUp(runId);
    expect(await readdir(join(parent, 'pg'))).toEqual(['data']);
    expect(await readdir(path)).toEqual(['PG_VERSION']);
  });

  it('does not take, and does not remove, a work directory that another made', async () => {
    const work = `${path}.odo-${runId}`;
    await mkdir(path, { recursive: true });
    await mkdir(work);
    await writeFile(join(work, 'file'), 'mine');
    await expect(open().workTree(runId)).rejects.toMatchObject({ code: 'TARGET_CHANGED' });
    await open().cleanUp(runId);
    expect(await readdir(work)).toEqual(['file']);
    await writeFile(join(work, markerFile), JSON.stringify({ runId: 'another' }));
    await expect(open().workTree(runId)).rejects.toMatchObject({ code: 'TARGET_CHANGED' });
    await open().cleanUp(runId);
    expect((await readdir(work)).sort()).toEqual([markerFile, 'file']);
  });

  it('does not go through a link in the place of its work directory', async () => {
    await mkdir(join(parent, 'kept'));
    await mkdir(path, { recursive: true });
    await symlink(join(parent, 'kept'), `${path}.odo-${runId}`);
    await expect(open().workTree(runId)).rejects.toMatchObject({ code: 'ENTRY_REFUSED' });
    await open().cleanUp(runId);
    expect(await readdir(join(parent, 'kept'))).toEqual([]);
    expect(await isThere(`${path}.odo-${runId}`)).toBe(true);
  });

  it('takes up a work directory whose making was interrupted', async () => {
    const work = `${path}.odo-${runId}`;
    await mkdir(path, { recursive: true });
    await mkdir(work);
    await writeFile(join(work, `.${markerFile}.odo-tmp`), '{"run');
    await open().workTree(runId);
    expect(JSON.parse(await readFile(join(work, markerFile), 'utf8'))).toEqual({ runId });
    expect(await readdir(work)).toEqual([markerFile]);
  });

  it('is discarded when this run made it', async () => {
    const target = open();
    await target.create(runId, signal);
    const tree = await target.dataTree(runId);
    await tree.writeFile(markerFile, JSON.stringify({ runId }), 0o600);
    await tree.writeFile('base/1/1259', 'x', 0o600);
    await target.discard('another-run');
    expect(await isThere(join(path, 'base/1/1259'))).toBe(true);
    await target.discard(runId);
    await target.discard(runId);
    await target.cleanUp(runId);
    expect(await readdir(join(parent, 'pg'))).toEqual([]);
  });

  it('is discarded when the run was killed before it wrote its marker', async () => {
    await open().create(runId, signal);
    await open().discard(runId);
    expect(await isThere(path)).toBe(false);
  });

  it('is not discarded when it was there before, or someone else uses it now', async () => {
    await mkdir(path, { recursive: true });
    await open().create(runId, signal);
    await writeFile(join(path, markerFile), JSON.stringify({ runId }));
    await open().discard(runId);
    expect(await readdir(path)).toEqual([markerFile]);
    await rm(path, { recursive: true });

    await open().create(runId, signal);
    await writeFile(join(path, 'PG_VERSION'), '17\n');
    await open().discard(runId);
    expect(await readdir(path)).toEqual(['PG_VERSION']);
  });

  it('says that it does not exist when it is used before it was made', async () => {
    await expect((await open().dataTree(runId)).openWriter(signal)).rejects.toMatchObject({
      code: 'TARGET_NOT_FOUND',
    });
  });
});
