import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { installPackages } from '../lab/debian-packages.ts';
import { run } from '../lab/run-command.ts';
import { startMachine } from '../support/power/powered-machine.ts';
import { proofTally } from '../support/proof.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('power-loss', 'power-loss-disk');

describeWithLab('the disk that power is taken from', () => {
  beforeAll(() => installPackages(['xfsprogs']));

  test.for([
    { fileSystem: 'ext4', mebibytes: 32 },
    { fileSystem: 'xfs', mebibytes: 320 },
  ] as const)(
    'with $fileSystem, forgets what was not flushed and nothing else',
    ({ fileSystem, mebibytes }) =>
      proof.case(async () => {
        await using machine = await startMachine([
          { name: 'disk', fileSystem, sizeBytes: mebibytes * 2 ** 20 },
        ]);
        const file = join(machine.directory, 'disk', 'file');
        const overwrite = (content: string, flag: string) =>
          run('dd', [`of=${file}`, 'bs=8192', 'conv=notrunc', `oflag=${flag}`], {
            input: content.repeat(8192),
          });
        await overwrite('a', 'sync');
        const { position: synced } = await machine.record();
        await overwrite('b', 'direct');
        const { position: written } = await machine.record();
        await machine.powerOff();
        const { position: off } = await machine.record();
        const cuts = [
          { at: synced, loss: 'everything', content: /^a{8192}$/ },
          { at: written, loss: 'everything', content: /^a{8192}$/ },
          { at: written, loss: 'sectors', content: /^(a{512}|b{512}){16}$/ },
          { at: written, loss: 'nothing', content: /^b{8192}$/ },
          { at: off, loss: 'everything', content: /^b{8192}$/ },
        ] as const;
        for (const { at, loss, content } of cuts) {
          await using _on = await machine.powerOn({ at, loss, seed: 1 });
          expect(await readFile(file, 'utf8'), `at ${at}, ${loss} of what was not flushed lost`).toMatch(
            content,
          );
        }
      }),
  );
});
