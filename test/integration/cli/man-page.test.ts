import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { mayComeFrom, settingKeys, settingName } from '../../../src/config/schema.ts';
import { installPackages } from '../../lab/debian-packages.ts';
import { run } from '../../lab/run-command.ts';

const root = join(import.meta.dirname, '../../..');

beforeAll(() => installPackages(['mandoc', 'man-db']));

test('the man page of the package is one that mandoc and groff have nothing to say about', async () => {
  const { man } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { man: string };
  const page = join(root, man);
  const linted = await run('mandoc', ['-T', 'lint', '-W', 'style', page]);
  expect(linted).toBe('');
  const shown = await promisify(execFile)('man', ['--warnings', '-l', page], {
    env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100', MANPAGER: 'cat', MAN_KEEP_FORMATTING: '' },
  });
  expect(shown.stderr).toBe('');
  expect(shown.stdout).toMatch(/^ODO\(1\)\s+User Commands\s+ODO\(1\)\n\nNAME\n\s+odo - restore PostgreSQL/);
  for (const key of settingKeys.filter((one) => mayComeFrom(one, 'flag')))
    expect(shown.stdout).toMatch(new RegExp(`--(no-)?${settingName(key)}\\b`));
});
