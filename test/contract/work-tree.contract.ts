import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { WorkTree } from '../../src/target/tree.ts';

const run = promisify(execFile);
const owner = { uid: 4711, gid: 4712 };

/** What every adapter of the `WorkTree` port must do besides being a tree. Needs root: owners are changed. */
export function describeWorkTree(
  name: string,
  open: () => Promise<AsyncDisposable & { readonly tree: WorkTree; readonly root: string }>,
): void {
  describe(`${name} as a work tree`, () => {
    const sh = async ({ root }: { root: string }, script: string) =>
      (await run('sh', ['-euc', script], { cwd: root })).stdout.trim();

    it('hands files over under their names, to be read by another user alone', async () => {
      await using fixture = await open();
      await sh(
        fixture,
        'mkdir in out; echo 1 > in/a; echo 2 > in/b; echo 3 > in/c; echo old > out/b; chmod 644 in/*',
      );
      await fixture.tree.handOver({ from: 'in', to: 'out', names: ['a', 'b'], owner });
      expect(await sh(fixture, 'cat out/a out/b; ls in; stat -c %u:%g:%a out/a out/b')).toBe(
        '1\n2\nc\n4711:4712:600\n4711:4712:600',
      );
    });

    it('hands nothing over through a link, nor what is not there', async () => {
      await using fixture = await open();
      await sh(fixture, 'mkdir in out elsewhere; echo 1 > in/a; ln -s out link');
      const handOver = (from: string, to: string, name: string) =>
        fixture.tree.handOver({ from, to, names: [name], owner });
      await expect(handOver('in', 'link', 'a')).rejects.toMatchObject({ code: 'ENTRY_REFUSED' });
      await expect(handOver('in', 'never', 'a')).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
      await expect(handOver('in', 'out', 'never')).rejects.toThrow();
      await expect(handOver('in', 'out', '../in/a')).rejects.toThrow();
      expect(await sh(fixture, 'find in out elsewhere -type f')).toBe('in/a');
    });

    it('removes files of one folder; absent is fine', async () => {
      await using fixture = await open();
      await sh(fixture, 'mkdir wal; for n in a b c; do echo $n > wal/$n; done');
      await fixture.tree.removeFiles('wal', ['a', 'c', 'never']);
      await fixture.tree.removeFiles('wal', []);
      await fixture.tree.removeFiles('never', ['a']);
      expect(await sh(fixture, 'ls wal')).toBe('b');
    });

    it('knows since when the machine runs', async () => {
      await using fixture = await open();
      expect(await fixture.tree.bootId()).toBe(await sh(fixture, 'cat /proc/sys/kernel/random/boot_id'));
    });
  });
}
