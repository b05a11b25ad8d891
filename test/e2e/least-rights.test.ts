import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { documentedPolicy, without } from '../support/documented-policy.ts';
import { odo } from '../support/odo-program.ts';
import { type PolicedS3, policedS3 } from '../support/policed-s3.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import type { S3Policy } from '../support/s3-policy.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** The fixture's bucket, where only this is allowed. */
async function openPlace(backup: Fixture, policy: S3Policy) {
  const s3 = await startS3({ storageDir: backup.storageDir });
  const store = await policedS3(s3.endpoint, policy);
  const directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  return {
    store,
    directory,
    data,
    odo: (command: string, ...args: string[]) =>
      odo(
        [
          ...[command, '-u', backup.url, '-e', store.endpoint, ...args, '--json'],
          ...(command === 'backups' ? [] : ['--data-dir', data]),
        ],
        { env: { ...s3.env, XDG_STATE_HOME: directory.path } },
      ),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await s3[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const policyOf = ({ bucket, url }: Fixture): S3Policy =>
  documentedPolicy(bucket, url.slice(`s3://${bucket}/`.length));

const actionsOf = ({ requests }: PolicedS3): string[] =>
  [...new Set(requests.map(({ action }) => action))].sort();

describeWithLab('with the rights that docs/sources.md says', () => {
  test.for([
    ['barman-15', ['backups', 'start']],
    ['basebackup-15', ['backups', 'plan']],
  ] as const)('%s can do %j, and nothing else is asked of the store', async ([name, commands]) => {
    const backup = await fixture(name);
    await using place = await openPlace(backup, policyOf(backup));
    for (const command of commands) {
      const done = await place.odo(command);
      expect(done.exitCode, `${command}: ${done.stderr}`).toBe(0);
      if (command === 'start')
        expect(await factsOfDirectory(place.data)).toEqual(backup.expected.atLatest.tables);
    }
    expect(actionsOf(place.store)).toEqual(['s3:GetObject', 's3:ListBucket']);
  });

  test.for([
    ['s3:ListBucket', 'arn:aws:s3:::barman-15'],
    ['s3:GetObject', 'arn:aws:s3:::barman-15/'],
  ] as const)('less %s a restore is refused before anything is touched, naming it', async ([action, on]) => {
    const backup = await fixture('barman-15');
    await using place = await openPlace(backup, without(policyOf(backup), action));
    for (const command of ['backups', 'plan', 'start']) {
      const refused = await place.odo(command);
      expect(refused.exitCode, `${command}: ${refused.stderr}`).toBe(12);
      expect(refused.stderr).toContain(action);
      expect(refused.stderr).toContain(on);
      expect(refused.stderr).toContain('docs/sources.md');
    }
    expect(await readdir(place.directory.path)).not.toContain('data');
  });
});
