import type { ChainBreak } from '../../archive/wal-scan/segment-chain.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { majorOfWalMagic } from '../../postgres/server-version.ts';

/** What is wrong with a segment, to follow its name in a sentence. */
export function breakText({ reason, lsn, found, expected, startLsn }: ChainBreak): string {
  const at = formatLsn(lsn);
  const isWhole = lsn === startLsn;
  switch (reason) {
    case 'bad-magic':
      if (found === 0n) return isWhole ? 'holds nothing but zeros' : `holds zeros from ${at} on`;
      return majorOfWalMagic(Number(found)) === null || majorOfWalMagic(Number(expected)) === null
        ? `holds no WAL page at ${at}`
        : `is WAL of PostgreSQL ${majorOfWalMagic(Number(found))}, not ${majorOfWalMagic(Number(expected))}`;
    case 'other-system':
      return `belongs to another database cluster (system identifier ${found}, the backup’s is ${expected})`;
    case 'other-segment-size':
      return `is of a cluster with segments of ${found} bytes, not ${expected}`;
    case 'other-page-size':
      return `has WAL pages of ${found} bytes, which odo does not read`;
    case 'other-address':
      return `holds at ${at} the WAL of another position (${formatLsn(found)}), as a file does that was renamed or used again`;
    case 'older-timeline':
    case 'foreign-timeline':
      return `holds at ${at} the WAL of timeline ${found}, along which this recovery does not go there`;
    case 'bad-flags':
      return `holds no WAL page at ${at}`;
    case 'no-record':
      return `holds zeros at ${at}, where a record would begin`;
    case 'bad-length':
    case 'bad-manager':
      return `holds no WAL record at ${at}`;
    case 'bad-checksum':
      return `has a damaged record at ${at}: its checksum is wrong`;
    case 'bad-previous':
      return `does not follow what comes before it: the record at ${at} comes behind one at ${formatLsn(found)}, and that before it is at ${formatLsn(expected)}`;
    case 'no-continuation':
      return `does not go on at ${at} with the record that reaches into it`;
    case 'other-continuation':
      return `goes on at ${at} with a record that did not begin before it`;
    case 'wrong-size':
      return `has ${found} bytes, but a segment has ${expected}`;
    case 'switched':
      return `ends at ${at}`;
  }
}
