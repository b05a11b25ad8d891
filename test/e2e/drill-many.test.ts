import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo, spawnOdo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** Three databases in odo.yaml: one that is good, one that answers otherwise than it should, one that is not there. */
async function threeDatabases() {
  const backup = await fixture('barman-15');
  const s3 = await startS3({ storageDir: backup.storageDir });
  const directory = await temporaryDirectory();
  const drills = join(directory.path, 'drills');
  await writeFile(
    join(directory.path, 'odo.yaml'),
    `url: ${backup.url}
endpoint: ${s3.endpoint}
drill-dir: ${directory.path}
amcheck: tables
parallel: 2
assertions:
  - {name: has the system catalogue, sql: SELECT FROM pg_class, min-rows: 100}
databases:
  good:
  wrong:
    assertions:
      - {name: is of another planet, sql: SELECT 'earth', expect: mars}
  gone:
    url: s3://${backup.bucket}/elsewhere
`,
  );
  const env = { ...s3.env, XDG_STATE_HOME: directory.path };
  return {
    drills,
    run: { cwd: directory.path, env },
    leftovers: () => readdirSync(directory.path).filter((name) => name.startsWith('odo-drill-')),
    read: (name: string) => readFile(join(directory.path, name), 'utf8'),
    async [Symbol.asyncDispose]() {
      await s3[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describeWithLab('odo drill --all', () => {
  test('proves the good one although another fails and a third is not there, and sums up', async () => {
    await using databases = await threeDatabases();
    const result = await odo(
      ['drill', '--all', '--json', '--report', 'all.md', '--report', 'all.xml'],
      databases.run,
    );
    expect(result.exitCode, result.stderr).toBe(6);
    const summary = result.events.at(-1);
    expect(summary).toMatchObject({
      type: 'summary',
      verdict: 'failed',
      exitCode: 6,
      entries: [
        { database: 'good', verdict: 'passed', exitCode: 0, reports: ['all-good.md', 'all-good.xml'] },
        { database: 'wrong', verdict: 'failed', exitCode: 6, finding: expect.stringContaining('mars') },
        { database: 'gone', verdict: 'failed', exitCode: 6 },
      ],
    });
    expect(result.events.filter(({ type }) => type === 'outcome')).toHaveLength(3);
    expect(result.events.every(({ type, database }) => type === 'summary' || database !== undefined)).toBe(
      true,
    );
    expect(await databases.read('all.md')).toContain('1 of 3 databases passed, 2 failed');
    expect(await databases.read('all.md')).toContain('[all-good.md](<all-good.md>)');
    expect((await databases.read('all.xml')).match(/<testsuite /g)).toHaveLength(3);
    expect(await databases.read('all-good.md')).toMatch(/^# Passed/);
    expect(databases.leftovers()).toEqual([]);
  });

  test('killed in the middle, goes on with the same key, in one process of two, and afterwards only tells', async () => {
    await using databases = await threeDatabases();
    const command = ['drill', '--all', '--json', '--run-key', 'nightly'];
    const killed = spawnOdo(command, databases.run);
    await killed.until(
      'a drill proves',
      ({ stdout }) => /"phase":"prove","state":"started"/.test(stdout),
      60_000,
    );
    killed.kill('SIGKILL');
    const before = await killed.ended;
    const runOf = (events: readonly Record<string, unknown>[], database: string) =>
      events.filter((event) => event.database === database && event.type === 'run');
    const [good] = runOf(before.events, 'good');

    const both = await Promise.all([odo(command, databases.run), odo(command, databases.run)]);
    const events = both.flatMap((one) => one.events);
    expect(runOf(events, 'good')).toEqual([
      expect.objectContaining({ status: 'resumed', runId: good?.runId }),
    ]);
    for (const database of ['wrong', 'gone']) expect(runOf(events, database), database).toHaveLength(1);
    for (const { exitCode, stderr } of both) expect([6, 11], stderr).toContain(exitCode);
    expect(databases.leftovers()).toEqual([]);

    const told = await odo(command, databases.run);
    expect(told.exitCode, told.stderr).toBe(6);
    expect(told.events.filter(({ type }) => type === 'run' || type === 'phase')).toEqual([]);
    expect(told.events.at(-1)?.entries).toMatchObject([
      { database: 'good', verdict: 'passed', runId: good?.runId },
      { database: 'wrong', verdict: 'failed' },
      { database: 'gone', verdict: 'failed' },
    ]);
  });
});
