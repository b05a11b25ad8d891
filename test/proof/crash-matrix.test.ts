import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openJournalForReading } from '../../src/journal/open.ts';
import { listAttempts } from '../../src/journal/steps.ts';
import { failpoints } from '../../src/run/failpoints.ts';
import { fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import type { TableFacts } from '../lab/sample-data.ts';
import { odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** Points that a restore to the end into a data directory without a service never passes. */
const elsewhere = [
  'reachTarget:',
  'move:',
  'configureDatabase:following',
  'stopService:',
  'switchOver:',
  'startService:',
  'seal:tablespace_map',
  'prove:',
  'tearDown:',
];
const reached = failpoints.filter((point) => !elsewhere.some((prefix) => point.startsWith(prefix)));

/** Nothing was agreed to yet: a resume begins anew, and there is no plan to keep. */
const beforeTheFirstChange = ['preflight:', 'plan:'];

/** Edited settings say which run edited them. */
const withoutRun = (path: string, content: Buffer): Buffer | string =>
  path.endsWith('.conf') ? content.toString().replaceAll(/\b\d{8}-\d{6}-[a-z0-9]{4}\b/g, 'RUN') : content;

/**
 * Bytes of every file that must be the same after any restore of one backup. What a server writes while it
 * recovers (control file, WAL, statistics, pages touched by replay) is compared through SQL instead.
 */
async function digestOf(directory: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  const walk = async (relative: string): Promise<void> => {
    for (const name of await readdir(join(directory, relative))) {
      const path = join(relative, name);
      const stats = await lstat(join(directory, path));
      if (stats.isDirectory()) {
        digests[`${path}/`] = `${stats.uid}:${stats.gid} ${(stats.mode & 0o777).toString(8)}`;
        if (!/^(pg_wal|pg_stat|pg_stat_tmp|pg_logical|pg_xact|pg_multixact)$/.test(path)) await walk(path);
        continue;
      }
      const replayed = /^(base|global)\//.test(path) || /^(postmaster\.opts|backup_label\.old)$/.test(path);
      const content = replayed
        ? ''
        : createHash('sha256')
            .update(withoutRun(path, await readFile(join(directory, path))))
            .digest('hex');
      digests[path] = `${stats.uid}:${stats.gid} ${(stats.mode & 0o777).toString(8)} ${content}`;
    }
  };
  await walk('');
  return digests;
}

describeWithLab('SIGKILL, then odo resume', () => {
  let undisturbed: { files: Record<string, string>; tables: Record<string, TableFacts> };

  const restore = async (failpoint: string | null) => {
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const args = [
      ...['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data],
      // Small, so that there are several checkpoints in the middle of base.tar.gz.
      ...['--checkpoint-size', '16MiB', '--json'],
    ];
    const first = await odo(args, {
      env: { ...env, ...(failpoint === null ? {} : { ODO_FAILPOINT: failpoint }) },
    });
    const runId = String(first.events[0]?.runId);
    let killedStatus: Record<string, unknown> | undefined;
    if (failpoint === null) expect(first.exitCode, first.stderr).toBe(0);
    else {
      expect(first.signal, `${failpoint} was never passed: ${first.stderr}`).toBe('SIGKILL');
      killedStatus = (await odo(['status', runId, '--json'], { env })).events[0];
      const resumed = await odo(['resume', runId, '--json'], { env });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(resumed.events.at(-2)).toMatchObject({ type: 'completed' });
    }
    const journal = openJournalForReading(join(directory.path, 'odo', 'journal.sqlite'));
    const attempts = journal === null ? [] : listAttempts(journal, runId);
    journal?.close();
    const left = (await readdir(directory.path)).sort();
    return {
      files: await digestOf(data),
      tables: await factsOfDirectory(data),
      attempts,
      killedStatus,
      left,
      expected: backup.expected,
    };
  };

  beforeAll(async () => {
    const result = await restore(null);
    expect(result.tables).toEqual(result.expected.atLatest.tables);
    undisturbed = result;
  });

  test.concurrent.for(reached)('at %s gives what an undisturbed run gives', async (failpoint) => {
    const result = await restore(failpoint);
    expect(result.tables).toEqual(undisturbed.tables);
    expect(result.files).toEqual(undisturbed.files);
    expect(result.left).toEqual(['data', 'odo']);
    // Steps that were completed before the kill have one completed attempt, and none after it.
    const memorized = result.attempts.filter((attempt) => !['preflight', 'plan'].includes(attempt.name));
    const completions = new Map<string, number>();
    for (const attempt of memorized) {
      const key = `${attempt.name} ${attempt.instance}`;
      const before = completions.get(key) ?? 0;
      expect(before, `${key} ran again after it was completed`).toBe(0);
      completions.set(key, attempt.outcome === 'completed' ? 1 : 0);
    }
    expect([...completions.values()]).toEqual([...completions.values()].map(() => 1));
    // odo status told the truth about the killed run.
    const planned = !beforeTheFirstChange.some((prefix) => failpoint.startsWith(prefix));
    expect(result.killedStatus).toMatchObject(
      failpoint === 'cleanUp:after-completion' || !planned
        ? { status: 'interrupted' }
        : { status: 'interrupted', heldBy: null },
    );
  });
});
