import { join } from 'node:path';
import { run } from '../../lab/run-command.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { type ForgetfulDisks, startForgetfulDisks } from './forgetful-disks.ts';
import { attachDisk, mountDisk } from './mounted-disk.ts';
import type { Cut } from './recorded-disk.ts';

/** Made and mounted so that nothing but what is tried writes to it. */
const fileSystems = {
  ext4: {
    make: [
      'mkfs.ext4',
      '-q',
      '-b',
      '4096',
      '-m',
      '0',
      '-E',
      'nodiscard,lazy_itable_init=1,lazy_journal_init=1',
    ],
    options: ['noinit_itable'],
  },
  xfs: { make: ['mkfs.xfs', '-q', '-K'], options: [] },
} as const;

/** A disk with one file system, mounted as `name` below the machine's directory. */
export interface DiskSpec {
  readonly name: string;
  readonly fileSystem: keyof typeof fileSystems;
  readonly sizeBytes: number;
  readonly options?: readonly string[];
}

/** File systems on disks that forget. What happens to them is recorded until `powerOff`. */
export interface PoweredMachine extends AsyncDisposable {
  /** The disks are mounted below it, at one time those that are recorded and at others those after a cut. */
  readonly directory: string;
  readonly record: ForgetfulDisks['record'];
  /** The recorded disks are unmounted. */
  powerOff(): Promise<void>;
  /** The disks after a cut, in the places of the recorded ones; their file systems have replayed their journals. */
  powerOn(cut: Cut): Promise<AsyncDisposable>;
}

export async function startMachine(specs: readonly DiskSpec[]): Promise<PoweredMachine> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory('odo-test-power-'));
  const disks = stack.use(await startForgetfulDisks(specs.map(({ sizeBytes }) => sizeBytes)));
  const mountAll = async (cut?: Cut) => {
    await using mounting = new AsyncDisposableStack();
    for (const [i, { name, fileSystem, options = [] }] of specs.entries()) {
      const disk = mounting.use(await attachDisk(disks, i, join(directory, `${name}.disk`), cut));
      const { make, options: always } = fileSystems[fileSystem];
      if (cut === undefined) await run(make[0], [...make.slice(1), disk.device]);
      mounting.use(await mountDisk(disk, join(directory, name), [...always, ...options]));
    }
    return mounting.move();
  };
  const live = stack.use(await mountAll());
  const kept = stack.move();
  return {
    directory,
    record: disks.record,
    powerOff: () => live.disposeAsync(),
    powerOn: (cut) => mountAll(cut),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
