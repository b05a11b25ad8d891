import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { createRun } from '../../../src/journal/runs.ts';
import { installPackages } from '../../lab/debian-packages.ts';
import { completionsOf, shells } from '../../support/completing-shell.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

beforeAll(() => installPackages(['zsh', 'fish']));

describe.each(shells)('in %s', (shell) => {
  test('commands, options, their values, files and runs are completed', async () => {
    await using place = await temporaryDirectory();
    await mkdir(join(place.path, 'state/odo'), { recursive: true });
    const journal = openJournal(join(place.path, 'state/odo/journal.sqlite'));
    for (const id of ['20261122-220955-k3f9', '20261122-230000-m4g7']) {
      createRun(journal, {
        id,
        kind: 'restore',
        runKey: null,
        request: plainRequest,
        odoVersion: '0.1.0',
        machineVersion: 1,
        startedAtMs: Date.parse('2026-11-22T22:09:55Z'),
      });
    }
    journal.close();
    await writeFile(join(place.path, 'compose.shop.yaml'), '');
    // Two, since a shell puts in what is the only one.
    for (const name of ['compose.d', 'compose.old']) await mkdir(join(place.path, name));

    const lines = [
      'odo re',
      'odo start --volume',
      'odo status --vol',
      'odo start --volume-access ',
      'odo drill --amcheck ',
      'odo start -f compose.',
      'odo start --data-dir compose.',
      'odo report --format ',
      'odo resume 2026',
      'odo completion ',
    ];
    const env = { XDG_STATE_HOME: join(place.path, 'state'), HOME: place.path };
    const found = await completionsOf(shell, lines, { cwd: place.path, env });
    const of = (line: string) => (found.get(line) ?? []).map((word) => word.replace(/\/$/, '')).sort();
    expect(of('odo re')).toEqual(['report', 'resume']);
    expect(of('odo start --volume')).toEqual(['--volume', '--volume-access']);
    expect(of('odo status --vol')).toEqual([]);
    expect(of('odo start --volume-access ')).toEqual(['auto', 'direct', 'engine']);
    expect(of('odo drill --amcheck ')).toEqual(['heapallindexed', 'off', 'tables']);
    expect(of('odo start -f compose.')).toEqual(['compose.d', 'compose.old', 'compose.shop.yaml']);
    expect(of('odo start --data-dir compose.')).toEqual(['compose.d', 'compose.old']);
    expect(of('odo report --format ')).toEqual(['html', 'json', 'junit', 'markdown', 'text']);
    expect(of('odo resume 2026')).toEqual(['20261122-220955-k3f9', '20261122-230000-m4g7']);
    expect(of('odo completion ')).toEqual(['bash', 'fish', 'zsh']);
  });
});
