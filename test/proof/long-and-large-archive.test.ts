import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type LongArchive, longArchive } from '../lab/long-archive.ts';
import { startS3 } from '../lab/s3-server.ts';
import { inMB, residentBytes } from '../support/memory-watch.ts';
import { spawnOdo } from '../support/odo-program.ts';
import { proofTally, whole } from '../support/proof.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('long-and-large', 'long-and-large-archive');

const spoolSegments = 64;

/** What replay may gain between its second and its last quarter. @unit bytes */
const mostGrowth = 48 * 2 ** 20;

/**
 * Segments in the work directory beside a data directory, those on their way too. While both folders are read one segment
 * goes and another comes: of two looks the one that saw less is right.
 */
const spooledSegments = (directory: string): number => Math.min(segmentsIn(directory), segmentsIn(directory));

function segmentsIn(directory: string): number {
  const work = readdirSync(directory).find((name) => name.startsWith('data.odo-'));
  if (work === undefined) return 0;
  const [wal, incoming] = ['wal', 'wal-incoming'].map((folder) => join(directory, work, folder));
  try {
    return readdirSync(wal ?? '').length + readdirSync(incoming ?? '').length;
  } catch {
    return 0; // not there yet, or not any more
  }
}

describeWithLab('a long WAL archive', () => {
  let archive: LongArchive;
  beforeAll(async () => {
    archive = await longArchive(whole ? 10_000 : 2000);
  }, 1_800_000);

  test(
    'takes no more disk than the spool, and no more memory with more segments',
    { timeout: 1_800_000 },
    () =>
      proof.case(async () => {
        await using directory = await temporaryDirectory();
        await using s3 = await startS3({ storageDir: archive.storageDir });
        const data = join(directory.path, 'data');
        const program = spawnOdo(
          [
            ...['start', '-u', archive.url, '-e', s3.endpoint, '--data-dir', data],
            ...['--wal-spool-size', `${spoolSegments}MiB`, '--json'],
          ],
          { env: { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') } },
        );
        let most = 0;
        const resident: number[] = [];
        let isOver = false;
        void program.ended.then(() => {
          isOver = true;
        });
        while (!isOver) {
          most = Math.max(most, spooledSegments(directory.path));
          const isReplaying = program.output().stdout.includes('"phase":"promote","state":"started"');
          if (isReplaying) resident.push(residentBytes(program.pid));
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        const result = await program.ended;
        expect(result.exitCode, result.stderr).toBe(0);
        expect(most).toBeGreaterThan(spoolSegments / 2);
        expect(most).toBeLessThanOrEqual(spoolSegments);
        const quarter = Math.floor(resident.length / 4);
        const early = Math.max(...resident.slice(quarter, 2 * quarter));
        const late = Math.max(...resident.slice(3 * quarter));
        expect(late).toBeLessThan(early + mostGrowth);
        expect((await factsOfDirectory(data)).steps?.rows).toBe(archive.rows);
        proof.figure('segments of the long archive', archive.segments);
        proof.figure('segments spooled at most', most);
        proof.figure('MB in the second and in the last quarter of replay', `${inMB(early)}, ${inMB(late)}`);
      }),
  );
});
