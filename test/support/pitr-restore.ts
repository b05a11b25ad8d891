import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runIdLabel } from '../../src/docker/labels.ts';
import { imageName } from '../lab/images.ts';
import type { PitrFixture } from '../lab/pitr-fixtures.ts';
import type { Psql } from '../lab/psql.ts';
import { run, succeeds } from '../lab/run-command.ts';
import { readDirectory } from './restored-directory.ts';
import { readVolume } from './restored-volume.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Where one restore of a fixture goes, and where its run is written down: gone at the end of its scope. */
export interface RestorePlace extends AsyncDisposable {
  /** What `odo start` gets to write there. */
  readonly target: readonly string[];
  /** Environment of that odo and of those after it. */
  readonly env: Readonly<Record<string, string>>;
  /** Nothing was made there. */
  isUntouched(): Promise<boolean>;
  /** Ids of the rows that the restored database holds, ascending. */
  rows(): Promise<number[]>;
}

const readRows = async (psql: Psql): Promise<number[]> =>
  (await psql('select id from marks order by id')).split('\n').filter(Boolean).map(Number);

/** A directory for 15, whose server this machine has; a volume and the lab's image for the others. */
export async function restorePlace({ major }: Pick<PitrFixture, 'major'>): Promise<RestorePlace> {
  const directory = await temporaryDirectory();
  const env = { XDG_STATE_HOME: join(directory.path, 'state') };
  if (major === 15) {
    const data = join(directory.path, 'data');
    return {
      target: ['--data-dir', data],
      env,
      isUntouched: async () => !existsSync(data),
      rows: () => readDirectory(data, readRows),
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  }
  const volume = `odo-test-pitr-${major}-${process.pid}`;
  return {
    target: ['-V', volume, '--image', imageName(major)],
    env,
    isUntouched: async () => !(await succeeds('docker', ['volume', 'inspect', volume])),
    rows: () => readVolume(major, volume, readRows),
    [Symbol.asyncDispose]: async () => {
      await removeRunOf(volume);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The volume, and what else the run left that made it. */
export async function removeRunOf(volume: string): Promise<void> {
  const label = `{{index .Labels "${runIdLabel}"}}`;
  const runId = await run('docker', ['volume', 'inspect', '-f', label, volume]).catch(() => '');
  if (runId === '') return;
  const names = async (...list: string[]) =>
    (await run('docker', [...list, '-q', '--filter', `label=${runIdLabel}=${runId}`]))
      .split('\n')
      .filter(Boolean);
  for (const name of await names('ps', '-a')) await run('docker', ['rm', '-fv', name]);
  for (const name of await names('volume', 'ls')) await run('docker', ['volume', 'rm', '-f', name]);
}
