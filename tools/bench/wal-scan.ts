/** Reading WAL record by record, on one core and unpacked: what the proof of the WAL adds to fetching and decoding it. */
import { SegmentScanner } from '../../src/archive/wal-scan/segment-scanner.ts';
import { buildModules } from '../../src/archive/wasm/build.ts';
import { WalBuilder } from '../../test/support/wal-builder.ts';
import { median } from './statistics.ts';
import { markdownTable } from './tables.ts';

const segmentBytes = 16 * 1024 * 1024;
const pieceBytes = 256 * 1024;
const repeats = 16;
const time = '2026-01-01T00:00:00Z';

type Write = (wal: WalBuilder, index: number) => void;

/** What servers write, from one extreme to the other. */
const kinds: readonly (readonly [name: string, write: Write])[] = [
  ['commits of 40 bytes', (wal, index) => wal.commit(3 + index, time)],
  ['records of 50 to 130 bytes', (wal, index) => wal.filler(50 + ((index * 7) % 80))],
  [
    'records, page images and commits',
    (wal, index) => {
      wal.filler(60 + ((index * 7) % 120));
      if (index % 10 === 0) wal.filler(6000 + (index % 2000));
      if (index % 5 === 0) wal.commit(3 + index, time);
    },
  ],
  ['page images of 8 KiB', (wal) => wal.filler(8200)],
];

function segmentOf(write: Write): { bytes: Buffer; startLsn: bigint; wal: WalBuilder } {
  const wal = new WalBuilder({ segmentBytes });
  const startLsn = 3n * BigInt(segmentBytes);
  for (let index = 0; wal.lsn < startLsn + BigInt(segmentBytes); index += 1) write(wal, index);
  return { bytes: wal.segment(3), startLsn, wal };
}

export async function benchWalScan({ rounds }: { rounds: number }): Promise<void> {
  await buildModules();
  const scanner = await SegmentScanner.open();
  const rows: string[][] = [];
  for (const [name, write] of kinds) {
    const { bytes, startLsn, wal } = segmentOf(write);
    const rates: number[] = [];
    let records = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = process.cpuUsage();
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        scanner.begin({
          ...{ startLsn, segmentBytes, serverMajor: wal.major },
          ...{ systemIdentifier: String(wal.systemIdentifier), fromLsn: null, target: null },
        });
        for (let at = 0; at < bytes.length; at += pieceBytes)
          scanner.push(bytes.subarray(at, at + pieceBytes));
        const scan = scanner.end();
        if (scan.stop !== null) throw new Error(`The scan stopped: ${scan.stop.reason}`);
        records = scan.records;
      }
      const { user, system } = process.cpuUsage(before);
      rates.push((repeats * segmentBytes) / (user + system));
    }
    rows.push([name, records.toLocaleString('en'), median(rates).toFixed(0)]);
  }
  console.log(markdownTable(['WAL', 'records in 16 MiB', 'MB a second of processor time'], rows));
}
