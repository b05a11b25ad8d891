import { untilNul } from '../until-nul.ts';
import type { RestorePoint, ScanTarget, TransactionEnds } from './segment-scan.ts';
import { targetKinds, type WalScanExports, type WalScanModule } from './wal-scan-module.ts';

/** As the module has it while nothing was counted (i64.MIN_VALUE). */
const noTime = -(2n ** 63n);

export function setTarget(exports: WalScanExports, target: ScanTarget | null): void {
  if (target === null) exports.lookFor(0, 0n, 0);
  else exports.lookFor(targetKinds[target.kind], target.value, target.inclusive ? 1 : 0);
}

/** What the module has counted since `begin`. */
export function readEnds(exports: WalScanExports): TransactionEnds {
  const commits = exports.commits.value >>> 0;
  return {
    commits,
    aborts: exports.aborts.value >>> 0,
    firstCommit:
      commits === 0
        ? null
        : {
            lsn: exports.firstCommitLsn.value,
            time: exports.firstCommitTime.value,
            xid: exports.firstCommitXid.value >>> 0,
          },
    lastCommit:
      commits === 0
        ? null
        : {
            lsn: exports.lastCommitLsn.value,
            time: exports.lastCommitTime.value,
            xid: exports.lastCommitXid.value >>> 0,
          },
    newestTime: exports.newestTime.value === noTime ? null : exports.newestTime.value,
  };
}

/** The record at hand. xl_restore_point (access/xlog_internal.h): the time, and a name with a NUL behind it. */
export function readRestorePoint({ exports, memory }: WalScanModule): RestorePoint {
  const content = Buffer.from(memory.slice(exports.recordAt.value, exports.recordEnd.value));
  return {
    name: Buffer.from(untilNul(content.subarray(8))).toString('utf8'),
    lsn: exports.recordLsn.value,
    endLsn: exports.endLsn.value,
    time: content.readBigInt64LE(0),
    lastCommit: readEnds(exports).lastCommit,
  };
}
