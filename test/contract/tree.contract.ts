import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Tree, TreeWriter } from '../../src/target/tree.ts';

/** A tree, and the directory where this machine sees it. */
export interface TreeFixture extends AsyncDisposable {
  readonly tree: Tree;
  readonly root: string;
  /** The same adapter on something that does not exist. */
  readonly missing: Tree;
}

const signal = new AbortController().signal;
const run = promisify(execFile);

/** Shell in the tree's root. */
async function sh(fixture: TreeFixture, script: string): Promise<string> {
  const { stdout } = await run('sh', ['-euc', script], { cwd: fixture.root });
  return stdout.trim();
}

async function writeWhole(writer: TreeWriter, path: string, content: string | Uint8Array): Promise<void> {
  const bytes = Buffer.from(content as string);
  await writer.beginFile({ path, sizeBytes: bytes.length }, 0);
  if (bytes.length > 0) await writer.write(bytes);
  await writer.endFile();
}

async function withWriter(tree: Tree, action: (writer: TreeWriter) => Promise<void>): Promise<void> {
  const writer = await tree.openWriter(signal);
  try {
    await action(writer);
    await writer.sync();
  } finally {
    await writer.close();
  }
}

const refused = { code: 'ENTRY_REFUSED' };

/** What every adapter of the `Tree` port must do. Needs root: owners are changed. */
export function describeTree(name: string, open: () => Promise<TreeFixture>): void {
  describe(`${name} as a tree`, () => {
    const read = (fixture: TreeFixture, path: string) => readFile(join(fixture.root, path), 'utf8');

    describe('its writer', () => {
      it('writes files with their bytes, and makes the directories above them', async () => {
        await using fixture = await open();
        await withWriter(fixture.tree, async (writer) => {
          await writeWhole(writer, 'base/1/1259', 'relation');
          await writeWhole(writer, 'PG_VERSION', '15\n');
          await writer.makeDirectory('pg_wal/archive_status');
        });
        expect(await read(fixture, 'base/1/1259')).toBe('relation');
        expect(await read(fixture, 'PG_VERSION')).toBe('15\n');
        expect(await sh(fixture, 'stat -c %a base base/1 pg_wal/archive_status base/1/1259')).toBe(
          '700\n700\n700\n600',
        );
      });

      it('writes a large file that arrives in pieces of any size', async () => {
        await using fixture = await open();
        const content = randomBytes(5_000_001);
        await withWriter(fixture.tree, async (writer) => {
          await writer.beginFile({ path: 'large', sizeBytes: content.length }, 0);
          let piece = 1;
          for (let from = 0; from < content.length; from += piece) {
            piece = (piece * 7 + 13) % 1_500_000;
            const bytes = Buffer.from(content.subarray(from, from + piece));
            await writer.write(bytes);
            bytes.fill(0); // the buffer is the caller's again
          }
          await writer.endFile();
        });
        const written = await readFile(join(fixture.root, 'large'));
        expect(createHash('sha256').update(written).digest('hex')).toBe(
          createHash('sha256').update(content).digest('hex'),
        );
      });

      it('writes files of no bytes', async () => {
        await using fixture = await open();
        await withWriter(fixture.tree, async (writer) => {
          await writeWhole(writer, 'empty', '');
          await writeWhole(writer, 'base/empty', '');
          await writeWhole(writer, 'after', 'x');
        });
        expect(await sh(fixture, 'stat -c %s empty base/empty after')).toBe('0\n0\n1');
      });

      it('takes names with spaces, line ends, quotes, umlauts and a leading dash', async () => {
        await using fixture = await open();
        const names = [
          ' two  words ',
          'line\nend',
          `"quo'ted" $HOME \`x\` *?[a]`,
          'größe-日本',
          '-rf',
          'back\\slash',
        ];
        const long = `${'d'.repeat(120)}/${'ü'.repeat(100)}`;
        await withWriter(fixture.tree, async (writer) => {
          for (const each of names) await writeWhole(writer, `dir ${each}/${each}`, each);
          await writeWhole(writer, long, 'long');
        });
        for (const each of names) {
          expect(await read(fixture, `dir ${each}/${each}`)).toBe(each);
          expect(await fixture.tree.list(`dir ${each}`)).toEqual([{ name: each, kind: 'file' }]);
          expect(Buffer.from((await fixture.tree.readFile(`dir ${each}/${each}`, 100))!).toString()).toBe(
            each,
          );
        }
        expect(await read(fixture, long)).toBe('long');
        await fixture.tree.rename('dir -rf/-rf', 'dir line\nend/-new *');
        expect(await read(fixture, 'dir line\nend/-new *')).toBe('-rf');
        for (const each of names) await fixture.tree.remove(`dir ${each}`);
        await fixture.tree.remove('d'.repeat(120));
        expect(await fixture.tree.list('')).toEqual([]);
      });

      it('replaces a file by a directory and a directory by a file', async () => {
        await using fixture = await open();
        await sh(
          fixture,
          'echo old > was-file; mkdir -p was-directory/deep; echo old > was-directory/deep/file',
        );
        await withWriter(fixture.tree, async (writer) => {
          await writer.makeDirectory('was-file');
          await writeWhole(writer, 'was-file/inside', 'new');
          await writeWhole(writer, 'was-directory', 'new');
        });
        expect(await read(fixture, 'was-file/inside')).toBe('new');
        expect(await read(fixture, 'was-directory')).toBe('new');
      });

      it('replaces a directory that it filled itself, and can fill it again', async () => {
        await using fixture = await open();
        await withWriter(fixture.tree, async (writer) => {
          await writeWhole(writer, 'a/b/c', 'first');
          await writeWhole(writer, 'a', 'file now');
          await writer.makeDirectory('a');
          await writeWhole(writer, 'a/b/d', 'second');
        });
        expect(await sh(fixture, 'find a -type f')).toBe('a/b/d');
      });

      it('keeps what is in a directory that is made once more', async () => {
        await using fixture = await open();
        await withWriter(fixture.tree, (writer) => writeWhole(writer, 'base/1/1259', 'relation'));
        await withWriter(fixture.tree, async (writer) => {
          await writer.makeDirectory('base');
          await writer.makeDirectory('base/1');
        });
        expect(await read(fixture, 'base/1/1259')).toBe('relation');
      });

      it('writes a new file in the place of an old one, and not into its bytes', async () => {
        await using fixture = await open();
        await sh(
          fixture,
          'printf "a longer old content" > file; ln file ../odo-other-name 2>/dev/null || ln file other-name',
        );
        await withWriter(fixture.tree, (writer) => writeWhole(writer, 'file', 'new'));
        expect(await read(fixture, 'file')).toBe('new');
        expect(await sh(fixture, 'cat ../odo-other-name 2>/dev/null || cat other-name')).toBe(
          'a longer old content',
        );
      });

      it('makes symbolic links, and replaces what has their name', async () => {
        await using fixture = await open();
        await sh(fixture, 'mkdir -p old/full; echo x > old/full/file; ln -s nowhere wrong');
        await withWriter(fixture.tree, async (writer) => {
          await writer.makeDirectory('tablespaces/16400');
          await writer.makeLink('old', 'tablespaces/16400');
          await writer.makeLink('wrong', 'right');
          await writer.makeLink('pg_tblspc/16400', '../tablespaces/16400');
        });
        expect(await sh(fixture, 'readlink old wrong pg_tblspc/16400')).toBe(
          'tablespaces/16400\nright\n../tablespaces/16400',
        );
      });

      it('replaces a link by a file or a directory and leaves alone what it pointed to', async () => {
        await using fixture = await open();
        await sh(fixture, 'mkdir kept; echo kept > kept/file; ln -s kept/file one; ln -s kept two');
        await withWriter(fixture.tree, async (writer) => {
          await writeWhole(writer, 'one', 'new');
          await writer.makeDirectory('two');
          await writeWhole(writer, 'two/file', 'new');
        });
        expect(await sh(fixture, 'cat kept/file one two/file; stat -c %F one two')).toBe(
          'kept\nnewnewregular file\ndirectory',
        );
      });

      it('refuses to write through a link that was there', async () => {
        await using fixture = await open();
        await sh(fixture, 'mkdir -p elsewhere a; ln -s ../elsewhere a/b');
        for (const act of [
          (writer: TreeWriter) => writeWhole(writer, 'a/b/file', 'x'),
          (writer: TreeWriter) => writer.makeDirectory('a/b/c/d'),
          (writer: TreeWriter) => writer.makeLink('a/b/link', 'x'),
        ]) {
          await expect(withWriter(fixture.tree, act)).rejects.toMatchObject(refused);
        }
        expect(await sh(fixture, 'ls -A elsewhere')).toBe('');
      });

      it('refuses to write through a link that it or another writer made', async () => {
        await using fixture = await open();
        await sh(fixture, 'mkdir elsewhere');
        const other = await fixture.tree.openWriter(signal);
        await withWriter(fixture.tree, async (writer) => {
          await writer.makeLink('link', 'elsewhere');
          await expect(writeWhole(writer, 'link/file', 'x')).rejects.toMatchObject(refused);
        });
        await expect(writeWhole(other, 'link/file', 'x')).rejects.toMatchObject(refused);
        await other.close();
        await withWriter(fixture.tree, async (writer) => {
          await writeWhole(writer, 'directory/file', 'x');
          await writer.makeLink('directory', 'elsewhere');
          await expect(writeWhole(writer, 'directory/file', 'x')).rejects.toMatchObject(refused);
        });
        expect(await sh(fixture, 'ls -A elsewhere')).toBe('');
      });

      it('refuses paths that leave the root or name it', async () => {
        await using fixture = await open();
        await withWriter(fixture.tree, async (writer) => {
          for (const path of ['../outside', 'a/../../outside', '/etc/outside', '', '.', 'nul\0byte']) {
            await expect(writeWhole(writer, path, 'x')).rejects.toMatchObject(refused);
            await expect(writer.makeDirectory(path)).rejects.toMatchObject(refused);
            await expect(writer.makeLink(path, 'x')).rejects.toMatchObject(refused);
          }
        });
        expect(await fixture.tree.list('')).toEqual([]);
      });

      it('goes on inside a file at a checkpoint, or says that it cannot', async () => {
        await using fixture = await open();
        const content = randomBytes(3_000_000);
        const at = 1_700_001;
        const writer = await fixture.tree.openWriter(signal);
        const file = { path: 'base/5/16384', sizeBytes: content.length };
        await writer.beginFile(file, 0);
        await writer.write(content.subarray(0, at));
        if (!writer.continuesFiles) {
          await writer.close();
          const next = await fixture.tree.openWriter(signal);
          await expect(next.beginFile(file, at)).rejects.toMatchObject({ code: 'BUG' });
          return next.close();
        }
        await writer.sync();
        await writer.write(randomBytes(5000)); // after the checkpoint: comes once more
        await writer.close();
        await withWriter(fixture.tree, async (next) => {
          await next.beginFile(file, at);
          await next.write(content.subarray(at));
          await next.endFile();
        });
        expect((await readFile(join(fixture.root, file.path))).equals(content)).toBe(true);
      });

      it('does not go on in a file that became shorter, vanished or is another thing now', async () => {
        await using fixture = await open();
        await sh(fixture, 'printf 12345 > short; mkdir directory; ln -s short link; mkfifo pipe');
        const writer = await fixture.tree.openWriter(signal);
        const code = writer.continuesFiles ? 'TARGET_CHANGED' : 'BUG';
        for (const path of ['short', 'gone', 'directory', 'link', 'pipe']) {
          await expect(writer.beginFile({ path, sizeBytes: 10 }, 6)).rejects.toMatchObject({ code });
        }
        await writer.close();
        expect(await read(fixture, 'short')).toBe('12345');
      });

      it('changes a file in places, cuts it and makes it longer, or says that it cannot', async () => {
        await using fixture = await open();
        await sh(fixture, 'mkdir base; printf 0123456789 > base/file; printf 0123456789 > base/longer');
        const writer = await fixture.tree.openWriter(signal);
        const file = { path: 'base/file', keepBytes: 6, sizeBytes: 12 };
        if (!writer.continuesFiles) {
          await expect(writer.beginPatch(file)).rejects.toMatchObject({ code: 'BUG' });
          return writer.close();
        }
        await writer.beginPatch(file);
        await writer.patch(Buffer.from('ab'), 2);
        await writer.patch(Buffer.from('c'), 10);
        await writer.sync();
        await writer.patch(Buffer.from('d'), 0);
        await expect(writer.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'BUG' });
        await writer.endFile();
        await writer.beginPatch({ path: 'base/longer', keepBytes: null, sizeBytes: null });
        await writer.patch(Buffer.from('z'), 11);
        await writer.endFile();
        await writeWhole(writer, 'base/other', 'other');
        await writer.beginPatch({ path: 'base/other', keepBytes: null, sizeBytes: null });
        await writer.patch(Buffer.from('OTH'), 0);
        await writer.endFile();
        await writer.sync();
        await writer.close();
        expect(await read(fixture, 'base/file')).toBe('d1ab45\0\0\0\0c\0');
        expect(await read(fixture, 'base/longer')).toBe('0123456789\0z');
        expect(await read(fixture, 'base/other')).toBe('OTHer');
      });

      it('does not change in places what vanished or is another thing now', async () => {
        await using fixture = await open();
        await sh(fixture, 'mkdir directory; echo kept > kept; ln -s kept link; mkfifo pipe');
        const writer = await fixture.tree.openWriter(signal);
        const code = writer.continuesFiles ? 'TARGET_CHANGED' : 'BUG';
        for (const path of ['gone', 'directory', 'link', 'pipe']) {
          const file = { path, keepBytes: 0, sizeBytes: 0 };
          await expect(writer.beginPatch(file)).rejects.toMatchObject({ code });
        }
        await writer.close();
        expect(await read(fixture, 'kept')).toBe('kept\n');
      });

      it('can be closed in the middle; another begins the file again', async () => {
        await using fixture = await open();
        const writer = await fixture.tree.openWriter(signal);
        await writer.beginFile({ path: 'file', sizeBytes: 4_000_000 }, 0);
        await writer.write(randomBytes(2_500_000));
        await writer.close();
        await writer.close();
        await withWriter(fixture.tree, (next) => writeWhole(next, 'file', 'whole'));
        expect(await read(fixture, 'file')).toBe('whole');
      });

      it('works beside other writers', async () => {
        await using fixture = await open();
        await sh(fixture, 'echo "not a directory yet" > shared');
        const contents = Array.from({ length: 4 }, () => randomBytes(1_200_000));
        await Promise.all(
          contents.map((content, index) =>
            withWriter(fixture.tree, async (writer) => {
              await writer.makeDirectory('shared');
              await writeWhole(writer, `shared/${index}`, content);
              await writeWhole(writer, `shared/deep/${index}/file`, content);
            }),
          ),
        );
        for (const [index, content] of contents.entries()) {
          expect((await readFile(join(fixture.root, `shared/${index}`))).equals(content)).toBe(true);
          expect((await readFile(join(fixture.root, `shared/deep/${index}/file`))).equals(content)).toBe(
            true,
          );
        }
      });

      it('can sync many times, and with nothing to sync', async () => {
        await using fixture = await open();
        await withWriter(fixture.tree, async (writer) => {
          await writer.sync();
          for (let index = 0; index < 3; index += 1) {
            await writeWhole(writer, `base/${index}`, String(index));
            await writer.sync();
            expect(await read(fixture, `base/${index}`)).toBe(String(index));
          }
          await writer.sync();
        });
      });

      it('has every byte in place after the sync of a writer that need not be durable', async () => {
        await using fixture = await open();
        const content = randomBytes(2_500_001);
        const writer = await fixture.tree.openWriter(signal, { durable: false });
        await writeWhole(writer, 'large', content);
        await writeWhole(writer, 'base/small', 'small');
        await writer.sync();
        expect((await readFile(join(fixture.root, 'large'))).equals(content)).toBe(true);
        expect(await read(fixture, 'base/small')).toBe('small');
        await writer.close();
      });

      it('does not take more or fewer bytes than the file has', async () => {
        await using fixture = await open();
        const writer = await fixture.tree.openWriter(signal);
        await writer.beginFile({ path: 'file', sizeBytes: 3 }, 0);
        await writer.write(Buffer.from('ab'));
        await expect(writer.endFile()).rejects.toMatchObject({ code: 'BUG' });
        await expect(writer.write(Buffer.from('cd'))).rejects.toMatchObject({ code: 'BUG' });
        await writer.close();
      });

      it('stops with the reason of the abort', async () => {
        await using fixture = await open();
        const reason = new Error('interrupted by the operator');
        const controller = new AbortController();
        const writer = await fixture.tree.openWriter(controller.signal);
        await writer.beginFile({ path: 'file', sizeBytes: 4_000_000 }, 0);
        await writer.write(randomBytes(2_000_000));
        controller.abort(reason);
        await expect(writer.write(randomBytes(2_000_000))).rejects.toBe(reason);
        await writer.close();
        await expect(writer.makeDirectory('x')).rejects.toBe(reason);
      });

      it('says that there is nothing to write to', async () => {
        await using fixture = await open();
        await expect(fixture.missing.openWriter(signal)).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
      });
    });

    it('reads a file whole, null where there is none, and none that is too large', async () => {
      await using fixture = await open();
      const content = randomBytes(100_000);
      await writeFile(join(fixture.root, 'file'), content);
      expect(Buffer.from((await fixture.tree.readFile('file', 100_000))!).equals(content)).toBe(true);
      await expect(fixture.tree.readFile('file', 99_999)).rejects.toMatchObject({ code: 'STEP_FAILED' });
      expect(await fixture.tree.readFile('gone', 10)).toBeNull();
      expect(await fixture.tree.readFile('gone/deeper/file', 10)).toBeNull();
    });

    it('reads parts of a file from anywhere, and only what it has', async () => {
      await using fixture = await open();
      const content = randomBytes(100_000);
      await mkdir(join(fixture.root, 'base'));
      await writeFile(join(fixture.root, 'base/file'), content);
      const part = async (position: number, maxBytes: number, path = 'base/file') => {
        const bytes = await fixture.tree.readPart(path, position, maxBytes);
        return bytes === null ? null : Buffer.from(bytes);
      };
      for (const [position, maxBytes] of [
        [0, 8192],
        [8192, 8192],
        [12_345, 54_321],
        [99_990, 8192],
        [100_000, 8192],
        [200_000, 8192],
      ] as const) {
        expect(await part(position, maxBytes)).toEqual(content.subarray(position, position + maxBytes));
      }
      expect(await part(0, 8192, 'base/none')).toBeNull();
      expect(await part(0, 8192, 'none/file')).toBeNull();
      await expect(part(0, 8192, 'base')).rejects.toMatchObject({ code: 'STEP_FAILED' });
      await sh(fixture, 'ln -s file base/link');
      await expect(part(0, 8192, 'base/link')).rejects.toThrow();
    });

    it('does not read, write, rename or remove through a link', async () => {
      await using fixture = await open();
      await sh(
        fixture,
        'mkdir kept; echo kept > kept/file; ln -s kept link; ln -s kept/file file; echo x > x',
      );
      const { tree } = fixture;
      await expect(tree.readFile('link/file', 10)).rejects.toMatchObject(refused);
      await expect(tree.readFile('file', 10)).rejects.toMatchObject(refused);
      await expect(tree.writeFile('link/file', 'x', 0o600)).rejects.toMatchObject(refused);
      await expect(tree.rename('link/file', 'y')).rejects.toMatchObject(refused);
      await expect(tree.rename('x', 'link/x')).rejects.toMatchObject(refused);
      await expect(tree.remove('link/file')).rejects.toMatchObject(refused);
      await expect(tree.list('link')).rejects.toMatchObject(refused);
      expect(await sh(fixture, 'cat kept/file x; ls kept')).toBe('kept\nx\nfile');
    });

    it('writes a small file with its mode, in place of the former one', async () => {
      await using fixture = await open();
      await fixture.tree.writeFile('conf/recovery.conf', 'first', 0o600);
      await fixture.tree.writeFile('conf/recovery.conf', 'second', 0o755);
      await fixture.tree.writeFile('conf/empty', '', 0o644);
      await fixture.tree.writeFile('conf/bytes', Uint8Array.of(0, 255, 10, 0), 0o600);
      expect(
        await sh(
          fixture,
          'cat conf/recovery.conf; stat -c " %a %s" conf/recovery.conf conf/empty; ls -A conf',
        ),
      ).toBe('second 755 6\n 644 0\nbytes\nempty\nrecovery.conf');
      expect([...(await readFile(join(fixture.root, 'conf/bytes')))]).toEqual([0, 255, 10, 0]);
    });

    it('writes a small file in the place of a link, not into what it points to', async () => {
      await using fixture = await open();
      await sh(fixture, 'echo kept > kept; ln -s kept file');
      await fixture.tree.writeFile('file', 'new', 0o600);
      expect(await sh(fixture, 'cat kept; cat file')).toBe('kept\nnew');
    });

    it('writes over what an attempt that was killed left half-written', async () => {
      await using fixture = await open();
      await sh(fixture, 'mkdir conf; printf "half of the fi" > conf/.file.odo-tmp');
      await fixture.tree.writeFile('conf/file', 'whole', 0o600);
      expect(await sh(fixture, 'cat conf/file; echo; ls -A conf')).toBe('whole\nfile');
    });

    it('makes a small file only where nothing has its name, also when many come at once', async () => {
      await using fixture = await open();
      await sh(fixture, 'ln -s nowhere link; echo half > .mine.0; mkdir folder; echo 1 > .left');
      const { tree } = fixture;
      const made = Array.from({ length: 5 }, (_, n) =>
        tree.createFile('file', `.mine.${n}`, `of ${n}`, 0o640),
      );
      const winners = (await Promise.all(made)).flatMap((isMade, n) => (isMade ? [n] : []));
      expect(winners).toHaveLength(1);
      for (const name of ['file', 'link', 'folder', '.left']) {
        expect(await tree.createFile(name, '.mine.0', 'new', 0o600)).toBe(false);
      }
      expect(await sh(fixture, 'cat file; stat -c " %a %h" file; ls -A; cat .left')).toBe(
        `of ${winners[0]} 640 1\n.left\nfile\nfolder\nlink\n1`,
      );
    });

    it('renames, also when it was done already, and not what is gone', async () => {
      await using fixture = await open();
      await sh(
        fixture,
        'mkdir odo; echo control > odo/pg_control; echo old > replaced; echo new > replacing',
      );
      await fixture.tree.rename('odo/pg_control', 'global/pg_control');
      await fixture.tree.rename('odo/pg_control', 'global/pg_control');
      await fixture.tree.rename('replacing', 'replaced');
      expect(await sh(fixture, 'cat global/pg_control replaced')).toBe('control\nnew');
      await fixture.tree.rename('odo', 'was-odo');
      await fixture.tree.rename('odo', 'was-odo');
      const changed = { code: 'TARGET_CHANGED' };
      await expect(fixture.tree.rename('never', 'nowhere')).rejects.toMatchObject(changed);
      await expect(fixture.tree.rename('never/a', 'nowhere/b')).rejects.toMatchObject(changed);
    });

    it('removes files, directories and links, never what a link points to; absent is fine', async () => {
      await using fixture = await open();
      await sh(
        fixture,
        'mkdir -p kept gone/deep; echo x > kept/file; echo x > gone/deep/file; ln -s ../kept gone/link; ln -s kept link',
      );
      for (const path of ['gone', 'link', 'gone', 'never', 'never/was/here']) await fixture.tree.remove(path);
      expect(await sh(fixture, 'ls -A . kept')).toBe('.:\nkept\n\nkept:\nfile');
    });

    it('lists what is right under a path, sorted, with its kind', async () => {
      await using fixture = await open();
      await sh(fixture, 'mkdir -p b/deep; touch a .hidden ..twodots; ln -s nowhere link; mkfifo pipe');
      expect(await fixture.tree.list('')).toEqual([
        { name: '..twodots', kind: 'file' },
        { name: '.hidden', kind: 'file' },
        { name: 'a', kind: 'file' },
        { name: 'b', kind: 'directory' },
        { name: 'link', kind: 'link' },
        { name: 'pipe', kind: 'other' },
      ]);
      expect(await fixture.tree.list('b')).toEqual([{ name: 'deep', kind: 'directory' }]);
      expect(await fixture.tree.list('b/deep')).toEqual([]);
      expect(await fixture.tree.list('gone')).toEqual([]);
    });

    it('clears everything but what is to stay, and never what a link points to', async () => {
      await using fixture = await open();
      await sh(
        fixture,
        'mkdir -p ../odo-kept base/1 lost+found keep; echo x > ../odo-kept/file; echo x > base/1/file; ' +
          'ln -s ../odo-kept out; ln -s ../../../odo-kept base/1/out; echo x > keep/file; echo x > .odo-run.json; ' +
          'touch -- .hidden "-rf" "a b" "$(printf "not-utf8-\\377")"; mkfifo pipe',
      );
      await fixture.tree.clear(['.odo-run.json', 'keep', '*']);
      expect(await sh(fixture, 'ls -A . keep ../odo-kept')).toBe(
        '.:\n.odo-run.json\nkeep\nlost+found\n\n../odo-kept:\nfile\n\nkeep:\nfile',
      );
      await fixture.tree.clear(['.odo-run.json', 'keep']);
      await fixture.tree.clear([]);
      expect(await sh(fixture, 'ls -A; rm -r ../odo-kept')).toBe('lost+found');
    });

    it('gives everything to the server’s user and no one else, and does not follow links', async () => {
      await using fixture = await open();
      await sh(
        fixture,
        'mkdir -p base/1 lost+found ../odo-kept; touch base/1/file ../odo-kept/file; chmod 644 base/1/file ../odo-kept/file; ' +
          'chmod 755 base . ../odo-kept; ln -s ../odo-kept out; ln -s ../odo-kept/file base/out',
      );
      await fixture.tree.own({ uid: 999, gid: 998 });
      expect(await sh(fixture, 'stat -c "%n %u:%g %a" . base base/1 base/1/file')).toBe(
        '. 999:998 700\nbase 999:998 700\nbase/1 999:998 700\nbase/1/file 999:998 600',
      );
      expect(await sh(fixture, 'stat -c "%u:%g" out base/out')).toBe('999:998\n999:998');
      expect(
        await sh(fixture, 'stat -c "%u %a" ../odo-kept ../odo-kept/file lost+found; rm -r ../odo-kept'),
      ).toBe('0 755\n0 644\n0 755');
      await fixture.tree.own({ uid: 999, gid: 998 });
      await fixture.tree.sync();
    });

    it('can still read and write what belongs to the server’s user', async () => {
      await using fixture = await open();
      await fixture.tree.writeFile('base/1/file', 'x', 0o600);
      await fixture.tree.own({ uid: 999, gid: 999 });
      await withWriter(fixture.tree, (writer) => writeWhole(writer, 'base/1/other', 'y'));
      await fixture.tree.writeFile('base/1/file', 'z', 0o600);
      expect(Buffer.from((await fixture.tree.readFile('base/1/file', 10))!).toString()).toBe('z');
      await fixture.tree.clear([]);
      expect((await stat(fixture.root)).uid).toBe(999);
    });

    it('knows the free bytes, and the bytes that clearing would give back', async () => {
      await using fixture = await open();
      expect(await fixture.tree.usedBytes()).toBe(0);
      await mkdir(join(fixture.root, 'base'));
      await writeFile(join(fixture.root, 'base/file'), randomBytes(3_000_000));
      await fixture.tree.sync();
      const used = await fixture.tree.usedBytes();
      expect(used).toBeGreaterThanOrEqual(3_000_000);
      expect(used).toBeLessThan(3_200_000);
      expect(await fixture.tree.freeBytes()).toBeGreaterThan(0);
    });
  });
}
