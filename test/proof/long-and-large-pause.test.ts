import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFixture, fixture } from '../lab/fixtures.ts';
import { s3Keys, startS3 } from '../lab/s3-server.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { freePort } from '../support/free-port.ts';
import { movedClock } from '../support/moved-clock.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { proofTally } from '../support/proof.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('long-and-large', 'long-and-large-pause');

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Between a checkpoint and the next one. */
const killed = { ODO_FAILPOINT: 'archive:saved#2' };

/** What a run needs that is killed today and resumed when the clock says something else; store and odo share the clock. */
async function paused() {
  const directory = await temporaryDirectory();
  const original = await fixture('basebackup-15');
  const backup = await copyFixture(original, join(directory.path, 's3'));
  const port = await freePort();
  const proxy = await startFaultProxy(`http://127.0.0.1:${port}`);
  const credentials = join(directory.path, 'credentials');
  const data = join(directory.path, 'data');
  let clock: Readonly<Record<string, string>> = {};
  let s3 = await startS3({ storageDir: backup.storageDir, port });
  const env = () => ({
    ...clock,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    XDG_STATE_HOME: directory.path,
  });
  const paused = {
    backup,
    data,
    storageDir: backup.storageDir,
    tokensSent: () => new Set(proxy.requests.map(({ headers }) => headers['x-amz-security-token'])),
    forgetRequests: () => void (proxy.requests as unknown[]).splice(0),
    /** They are renewed every hour, as those of a role are. */
    renew: (token: string) =>
      writeFile(
        credentials,
        `[default]\naws_access_key_id=${s3Keys.accessKeyId}\naws_secret_access_key=${s3Keys.secretAccessKey}\naws_session_token=${token}\n`,
      ),
    start: async (more: Readonly<Record<string, string>> = {}): Promise<OdoResult> =>
      odo(
        [
          ...['start', '-u', backup.url, '-e', proxy.endpoint, '--data-dir', data],
          ...['--checkpoint-size', '8MiB', '--json'],
        ],
        { env: { ...env(), ...more } },
      ),
    odo: (...args: readonly string[]): Promise<OdoResult> => odo([...args, '--json'], { env: env() }),
    moveClock: async (aheadMs: number) => {
      clock = movedClock(aheadMs);
      await s3.stop();
      s3 = await startS3({ storageDir: backup.storageDir, port, env: clock });
    },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await s3.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
  await paused.renew('of-today');
  return paused;
}

describeWithLab('a run that stands still', () => {
  test.concurrent.each([
    { what: 'for a day', aheadMs: dayMs },
    { what: 'while the clock is put back an hour', aheadMs: -hourMs },
  ])('$what is resumed and tells the truth', { timeout: 300_000 }, ({ aheadMs }) =>
    proof.case(async () => {
      await using run = await paused();
      const began = Date.now();
      const first = await run.start(killed);
      expect(first.signal, first.stderr).toBe('SIGKILL');
      const runId = String(first.events[0]?.runId);
      expect(run.tokensSent()).toEqual(new Set(['of-today']));

      await run.moveClock(aheadMs);
      await run.renew('of-later');
      run.forgetRequests();
      const [before] = (await run.odo('status', runId)).events;
      expect(before).toMatchObject({ status: 'interrupted', heldBy: null, next: `odo resume ${runId}` });
      const resumed = await run.odo('resume', runId);
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      const realMs = Date.now() - began;
      // No request with what had expired.
      expect(run.tokensSent()).toEqual(new Set(['of-later']));
      expect(await factsOfDirectory(run.data)).toEqual(run.backup.expected.atLatest.tables);

      const completed = resumed.events.find(({ type }) => type === 'completed');
      const [after] = (await run.odo('status', runId)).events as [Record<string, string>];
      const report = JSON.parse((await run.odo('report', runId)).stdout) as { measures: { rtoMs: number } };
      const { rtoMs } = report.measures;
      expect(rtoMs).toBeGreaterThan(0);
      expect(rtoMs).toBeLessThanOrEqual(realMs);
      const took = Number(completed?.durationMs);
      if (aheadMs > 0) {
        expect(took).toBeGreaterThanOrEqual(aheadMs);
        expect(took).toBeLessThanOrEqual(aheadMs + realMs);
      } else {
        expect(took).toBeGreaterThanOrEqual(rtoMs);
        expect(took).toBeLessThanOrEqual(realMs);
      }
      const ended = Date.parse(String(after.endedAt)) - Date.parse(String(after.startedAt));
      expect(Math.abs(ended - aheadMs)).toBeLessThanOrEqual(realMs);
    }),
  );

  test.concurrent('is not resumed on an object that was replaced meanwhile', { timeout: 300_000 }, () =>
    proof.case(async () => {
      await using run = await paused();
      const first = await run.start(killed);
      expect(first.signal, first.stderr).toBe('SIGKILL');
      const runId = String(first.events[0]?.runId);
      const [folder] = run.backup.expected.backups;
      const object = join(
        run.storageDir,
        run.backup.bucket,
        run.backup.prefix,
        `${folder}/base.tar.gz._S3rver_object`,
      );
      // The same size, and another content.
      const bytes = readFileSync(object);
      bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1;
      await writeFile(object, bytes);
      await writeFile(`${object}.md5`, 'f'.repeat(32));
      await run.moveClock(dayMs);
      const resumed = await run.odo('resume', runId);
      expect(resumed.exitCode).toBe(5);
      const [status] = (await run.odo('status', runId)).events;
      expect(status).toMatchObject({ status: 'failed', error: { code: 'OBJECT_CHANGED' } });
    }),
  );
});
