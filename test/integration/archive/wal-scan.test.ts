import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import type { ScannedCommit } from '../../../src/archive/wal-scan/segment-scan.ts';
import { SegmentScanner } from '../../../src/archive/wal-scan/segment-scanner.ts';
import { formatLsn } from '../../../src/postgres/lsn.ts';
import {
  defaultSegmentBytes,
  isWalSegmentName,
  parseSegmentName,
  segmentStart,
} from '../../../src/postgres/wal-segment.ts';
import { type Fixture, fixture } from '../../lab/fixtures.ts';
import { imageName } from '../../lab/images.ts';
import { objectsOf } from '../../support/fixture-objects.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { serverTime } from '../../support/wal-builder.ts';
import { describeWithLab } from '../../support/with-lab.ts';

/** The archived segments of a backup, unpacked into one folder as pg_waldump wants them. */
async function unpackWal(made: Fixture, directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const names: string[] = [];
  for (const { key, file } of await objectsOf(made)) {
    const name = basename(key).replace(/\.gz$/, '');
    if (!isWalSegmentName(name)) continue;
    const stored = await readFile(file);
    await writeFile(join(directory, name), key.endsWith('.gz') ? gunzipSync(stored) : stored);
    names.push(name);
  }
  return names.sort();
}

interface Dumped {
  readonly lsns: string[];
  readonly commits: { lsn: string; time: bigint; xid: number }[];
  readonly aborts: number;
}

/** What the server's own program reads; at the end of the last segment it complains, as it must. */
async function dump(image: string, directory: string, names: readonly string[]): Promise<Dumped> {
  const { stdout } = await execa(
    'docker',
    [
      ...['run', '--rm', '--network', 'none', '-e', 'TZ=UTC', '-v', `${directory}:/wal:ro`],
      ...['--entrypoint', 'pg_waldump', image, '-p', '/wal', names[0] ?? '', names.at(-1) ?? ''],
    ],
    { reject: false, maxBuffer: 2 ** 30 },
  );
  const lsns: string[] = [];
  const commits: Dumped['commits'] = [];
  let aborts = 0;
  for (const line of stdout.split('\n')) {
    const [, manager, xid, lsn, desc] =
      /^rmgr: (\S+) .*?tx: +(\d+), lsn: (\S+), prev \S+, desc: (.*)$/.exec(line) ?? [];
    if (manager === undefined || lsn === undefined || desc === undefined) continue;
    lsns.push(formatLsn(BigInt(`0x${lsn.replace('/', '')}`)));
    const [, operation, day, time] = /^(COMMIT|ABORT)\S* .*?(\d{4}-\d\d-\d\d) (\S+) UTC/.exec(desc) ?? [];
    if (manager !== 'Transaction' || operation === undefined || day === undefined) continue;
    if (operation === 'ABORT') aborts += 1;
    const [seconds = '', fraction = ''] = (time ?? '').split('.');
    const micros = serverTime(`${day}T${seconds}Z`) + BigInt(fraction.padEnd(6, '0'));
    if (operation === 'COMMIT') commits.push({ lsn: lsns.at(-1) ?? '', time: micros, xid: Number(xid) });
  }
  return { lsns, commits, aborts };
}

const plain = ({ lsn, time, xid }: ScannedCommit) => ({ lsn: formatLsn(lsn), time, xid });

describeWithLab('real WAL', () => {
  it.each(['barman-15', 'barman-17', 'barman-18'] as const)(
    'of %s is read as pg_waldump reads it: every record and every commit',
    async (name) => {
      const made = await fixture(name);
      const { major, systemIdentifier } = made.expected;
      await using directory = await temporaryDirectory('odo-test-wal-');
      const names = await unpackWal(made, directory.path);
      const wanted = await dump(imageName(major), directory.path, names);
      expect(wanted.lsns.length).toBeGreaterThan(10_000);
      expect(wanted.commits.length).toBeGreaterThan(20);

      const scanner = await SegmentScanner.open();
      const lsns: string[] = [];
      scanner.onRecord = (lsn) => lsns.push(formatLsn(lsn));
      const counted = { commits: 0, aborts: 0 };
      const firsts: unknown[] = [];
      const lasts: unknown[] = [];
      for (const segment of names) {
        const { number = 0 } = parseSegmentName(segment, defaultSegmentBytes) ?? {};
        scanner.begin({
          startLsn: segmentStart(number, defaultSegmentBytes),
          segmentBytes: defaultSegmentBytes,
          serverMajor: major,
          systemIdentifier,
          fromLsn: null,
          target: null,
        });
        scanner.push(await readFile(join(directory.path, segment)));
        const scan = scanner.end();
        if (scan.unfinished !== null) lsns.push(formatLsn(scan.unfinished.lsn));
        expect([segment, scan.stop?.reason ?? null]).toEqual([
          segment,
          scan.stop === null ? null : segment === names.at(-1) ? expect.any(String) : 'switched',
        ]);
        if (scan.firstCommit !== null) firsts.push(plain(scan.firstCommit));
        if (scan.lastCommit !== null) lasts.push(plain(scan.lastCommit));
        counted.commits += scan.commits;
        counted.aborts += scan.aborts;
      }
      // What the first segment begins with is the rest of a record that pg_waldump passes over as well.
      expect(lsns.length).toBe(wanted.lsns.length);
      expect(lsns).toEqual(wanted.lsns);
      expect(counted).toEqual({ commits: wanted.commits.length, aborts: wanted.aborts });
      for (const commit of [...firsts, ...lasts]) expect(wanted.commits).toContainEqual(commit);
      expect(firsts[0]).toEqual(wanted.commits[0]);
      expect(lasts.at(-1)).toEqual(wanted.commits.at(-1));
    },
    120_000,
  );
});
