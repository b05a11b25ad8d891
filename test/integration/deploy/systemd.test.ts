import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { deployDirectory } from '../../support/deploy-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const units = ['odo-drill.service', 'odo-drill.timer'] as const;

/** What systemd has against the units in a directory; it exits 0 for keys that it passes over. */
async function complaints(directory: string): Promise<string> {
  const files = units.map((unit) => join(directory, unit));
  const { all } = await execa('systemd-analyze', ['verify', '--man=no', ...files], {
    all: true,
    reject: false,
  });
  return all;
}

describeWithLab('the units of systemd', () => {
  test('are understood to the last line', async () => {
    expect(await complaints(join(deployDirectory, 'systemd'))).toBe('');
  });

  test('would be complained about with a key that systemd does not know', async () => {
    await using directory = await temporaryDirectory();
    for (const unit of units)
      await copyFile(join(deployDirectory, 'systemd', unit), join(directory.path, unit));
    const service = join(directory.path, 'odo-drill.service');
    await writeFile(service, (await readFile(service, 'utf8')).replace('\nRestartSec=', '\nRestartSecs='));
    expect(await complaints(directory.path)).toMatch(/Unknown key '?(name ')?RestartSecs'/);
  });
});
