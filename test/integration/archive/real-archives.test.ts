import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildInflate } from '../../../src/archive/inflate/build.ts';
import type { ManifestAlgorithm } from '../../../src/archive/open-file-hash.ts';
import {
  type ArchiveCheckpoint,
  type ExpectedFile,
  restoreArchive,
} from '../../../src/archive/restore-archive.ts';
import { mixedData } from '../../unit/archive/gzip-samples.ts';
import { restoring } from '../../unit/archive/restore-samples.ts';
import { makeRealBackup, postgresUser, type RealBackup } from './real-backup.ts';

let work: string;

beforeAll(async () => {
  await buildInflate();
  work = await mkdtemp(join(tmpdir(), 'odo-archive-'));
}, 60_000);

afterAll(() => rm(work, { recursive: true, force: true }));

async function freshDirectory(name: string): Promise<string> {
  const path = join(work, name);
  await rm(path, { recursive: true, force: true });
  await mkdir(path);
  return path;
}

async function withGnuTar(archive: string): Promise<string> {
  const path = await freshDirectory('gnu-tar');
  await execa('tar', ['-x', '-f', archive, '-C', path, '--no-same-owner']);
  return path;
}

/** Same names, kinds, link targets and contents; owners and modes are the target's business. */
async function expectSameTree(ours: string, theirs: string): Promise<void> {
  const { stdout } = await execa('diff', ['-r', '--no-dereference', ours, theirs], { reject: false });
  expect(stdout).toBe('');
  const list = async (root: string) =>
    (
      await execa(
        'find',
        ['.', '(', '-type', 'f', '-printf', '%p %s\\n', ')', '-o', '-printf', '%p %y %l\\n'],
        { cwd: root },
      )
    ).stdout
      .split('\n')
      .sort();
  expect(await list(ours)).toEqual(await list(theirs));
}

const user = await postgresUser();

describe.skipIf(user === null)('a backup by pg_basebackup', () => {
  let made: RealBackup;

  beforeAll(async () => {
    if (user !== null) made = await makeRealBackup(user);
  }, 120_000);

  afterAll(async () => made?.[Symbol.asyncDispose]());

  async function manifest(): Promise<Map<string, ExpectedFile>> {
    const { Files } = JSON.parse(await readFile(join(made.backup, 'backup_manifest'), 'utf8')) as {
      Files: { Path: string; Size: number; 'Checksum-Algorithm': ManifestAlgorithm; Checksum: string }[];
    };
    return new Map(
      Files.map((file) => [
        file.Path,
        { sizeBytes: file.Size, algorithm: file['Checksum-Algorithm'], checksum: file.Checksum },
      ]),
    );
  }

  it('unpacks as GNU tar unpacks it', async () => {
    for (const name of ['base.tar.gz', 'pg_wal.tar.gz']) {
      const archive = await readFile(join(made.backup, name));
      const ours = await freshDirectory('ours');
      const result = await restoreArchive(restoring(archive, ours, 'gzip'));
      expect(result.files).toBeGreaterThan(0);
      await expectSameTree(ours, await withGnuTar(join(made.backup, name)));
    }
  }, 60_000);

  it('agrees with its manifest, file by file', async () => {
    const files = await manifest();
    const archive = await readFile(join(made.backup, 'base.tar.gz'));
    const result = await restoreArchive({
      ...restoring(archive, await freshDirectory('ours'), 'gzip'),
      expected: ({ path }) => files.get(path) ?? null,
    });
    expect(result.mismatches).toEqual([]);
    expect(result.checkedFiles).toBe(files.size);
    expect(result.checkedFiles).toBeGreaterThan(900);
  }, 60_000);

  it('comes out the same when the restore is interrupted all the time', async () => {
    const files = await manifest();
    const archive = await readFile(join(made.backup, 'base.tar.gz'));
    const ours = await freshDirectory('ours');
    let last: ArchiveCheckpoint | null = null;
    let attempts = 0;
    for (;;) {
      attempts++;
      const options = restoring(archive, ours, 'gzip', 20_000);
      let saves = 0;
      const outcome = await restoreArchive({
        ...options,
        expected: ({ path }) => files.get(path) ?? null,
        checkpoint: {
          everyBytes: 1_500_000,
          last,
          save: async (checkpoint) => {
            last = JSON.parse(JSON.stringify(checkpoint));
            saves++;
          },
        },
        failpoint: async (name) => {
          if (name === 'archive:saved' && saves === 2) throw new Error('killed');
        },
      }).catch((error: Error) => error);
      if (!(outcome instanceof Error)) {
        expect(outcome.mismatches).toEqual([]);
        expect(outcome.checkedFiles).toBe(files.size);
        break;
      }
      expect(outcome.message).toBe('killed');
    }
    expect(attempts).toBeGreaterThan(5);
    await expectSameTree(ours, await withGnuTar(join(made.backup, 'base.tar.gz')));
  }, 120_000);
});

/** As barman-cloud writes: tarfile in stream mode, pax format, float times, padded to 10240. */
const barmanStyle = `
import os, sys, tarfile
source, target, mode = sys.argv[1:4]
with tarfile.open(target, mode, format=tarfile.PAX_FORMAT) as tar:
    tar.add(source, arcname='.', recursive=False)
    for root, dirs, files in os.walk(source):
        for name in sorted(dirs) + sorted(files):
            path = os.path.join(root, name)
            arc = os.path.relpath(path, source)
            tar.add(path, arcname='./' + arc if root == source else arc, recursive=False)
`;

async function oddTree(): Promise<string> {
  const root = await freshDirectory('source');
  await mkdir(join(root, 'base/5'), { recursive: true });
  await mkdir(join(root, 'pg_notify'));
  await writeFile(join(root, 'PG_VERSION'), '15\n');
  await writeFile(join(root, 'empty'), '');
  await writeFile(join(root, 'base/5/1259'), mixedData(1, 2_000_000));
  await writeFile(join(root, 'base/5/16390'), mixedData(2, 8192 * 13));
  await writeFile(join(root, `base/5/${'long'.repeat(40)}`), 'long name');
  await writeFile(join(root, 'größe и 文'), 'name in UTF-8');
  await writeFile(join(root, "it's odd\nname"), 'line feed');
  await mkdir(join(root, 'deep', ...Array.from({ length: 30 }, (_, i) => `level-${i}`)), { recursive: true });
  await writeFile(join(root, 'deep', ...Array.from({ length: 30 }, (_, i) => `level-${i}`), 'leaf'), 'leaf');
  await symlink('/etc/hostname', join(root, 'link'));
  await symlink(`/${'far/'.repeat(60)}away`, join(root, 'long-link'));
  for (let i = 0; i < 300; i++)
    await writeFile(join(root, `base/5/${20_000 + i}`), mixedData(i, (i * 37) % 9000));
  return root;
}

async function unpack(file: string, codec: 'gzip' | 'none'): Promise<string> {
  const ours = await freshDirectory('ours');
  const object = await readFile(file);
  const options = restoring(object, ours, codec, 33_333);
  let last: ArchiveCheckpoint | null = null;
  const place: typeof options.place = ({ kind, path, linkTarget }) =>
    kind === 'link' ? { kind, path, target: linkTarget ?? '' } : { kind: 'write', path };
  for (;;) {
    let saves = 0;
    const done = await restoreArchive({
      ...options,
      place,
      checkpoint: {
        everyBytes: 400_000,
        last,
        save: async (checkpoint) => {
          last = JSON.parse(JSON.stringify(checkpoint));
          if (++saves === 2) throw new Error('killed');
        },
      },
    }).then(
      () => true,
      (error: Error) => {
        if (error.message !== 'killed') throw error;
        return false;
      },
    );
    if (done) return ours;
  }
}

describe('archives of other tools', () => {
  it.each([
    ['w|gz', 'gzip'],
    ['w|', 'none'],
    ['w:gz', 'gzip'],
  ] as const)(
    'by Python tarfile in mode %s unpack as GNU tar unpacks them',
    async (mode, codec) => {
      const source = await oddTree();
      const file = join(work, 'python.tar');
      await execa('python3', ['-c', barmanStyle, source, file, mode]);
      await expectSameTree(await unpack(file, codec), await withGnuTar(file));
    },
    60_000,
  );

  it.each(['gnu', 'pax', 'ustar', 'v7', 'oldgnu'])(
    'by GNU tar in format %s unpack as GNU tar unpacks them',
    async (format) => {
      const source = await oddTree();
      if (format === 'ustar' || format === 'v7') {
        // these formats cannot hold the long names
        for (const name of [
          'long-link',
          'deep',
          ...(await readdir(source)).filter((name) => /[^ -~]/.test(name)),
        ]) {
          await rm(join(source, name), { recursive: true });
        }
        await rm(join(source, `base/5/${'long'.repeat(40)}`));
      }
      const file = join(work, 'gnu.tar');
      await execa('tar', ['-c', '-f', file, `--format=${format}`, '-C', source, '.']);
      await expectSameTree(await unpack(file, 'none'), await withGnuTar(file));
    },
    60_000,
  );

  it('by gzip -1 and -9, and several of them concatenated, decode to the same bytes', async () => {
    const source = await oddTree();
    const plain = join(work, 'plain.tar');
    await execa('tar', ['-c', '-f', plain, '-C', source, '.']);
    const bytes = await readFile(plain);
    const half = bytes.length >> 1;
    await writeFile(join(work, 'a'), bytes.subarray(0, half));
    await writeFile(join(work, 'b'), bytes.subarray(half));
    await execa('gzip', ['-1', '-k', '-f', join(work, 'a')]);
    await execa('gzip', ['-9', '-k', '-f', '-n', join(work, 'b')]);
    const joined = Buffer.concat([await readFile(join(work, 'a.gz')), await readFile(join(work, 'b.gz'))]);
    await writeFile(join(work, 'joined.tar.gz'), joined);
    await expectSameTree(await unpack(join(work, 'joined.tar.gz'), 'gzip'), await withGnuTar(plain));
  }, 60_000);
});
