import { formatDuration } from '../../report/units.ts';
import { odoVersion } from '../odo-version.ts';
import { ok, warning } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

/** When this odo was written: no clock that is right shows an earlier time. @unit ms since 1970 */
const writtenMs = Date.parse('2026-11-01T00:00:00Z');

/** More than two clocks that are set by a time server ever differ. @unit ms */
const tolerableMs = 10_000;

/** An older Node does not come as far as this (src/cli.ts). */
export function examineNode() {
  const { version, platform, arch } = process;
  const found = `odo ${odoVersion} on Node.js ${version.replace(/^v/, '')} (${platform} ${arch})`;
  return [
    platform === 'linux'
      ? ok(found)
      : warning(
          `${found}: it is tested on Linux only`,
          'Restore on Linux, or try a restore that does not matter first.',
        ),
  ];
}

/** Times in words (`10 minutes ago`), ages of backups and the recovery point are worked out by this clock. */
export async function examineClock({ store, journal }: Surroundings) {
  const now = Date.now();
  const skew = (await store())?.clockAheadMs ?? null;
  // What is wrong with it is said elsewhere.
  const newestRunMs = (await journal().catch(() => null))?.newestMs ?? null;
  return clockFindings({ nowMs: now, aheadOfStoreMs: skew, newestRunMs });
}

export function clockFindings(facts: {
  readonly nowMs: number;
  readonly aheadOfStoreMs: number | null;
  readonly newestRunMs: number | null;
}) {
  const { nowMs, aheadOfStoreMs, newestRunMs } = facts;
  const now = `it is ${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const cure = 'Set the clock, and let a time server keep it right: timedatectl set-ntp true';
  if (nowMs < writtenMs) return [warning(`${now} by this clock, which is before odo was written`, cure)];
  if (newestRunMs !== null && newestRunMs > nowMs + tolerableMs) {
    return [
      warning(
        `${now}, but the newest run in the journal was started later: the clock has gone back by at least ${formatDuration(newestRunMs - nowMs)}`,
        cure,
      ),
    ];
  }
  if (aheadOfStoreMs === null) return [ok(`${now}; no store told its time`)];
  const differs = formatDuration(Math.abs(aheadOfStoreMs));
  if (Math.abs(aheadOfStoreMs) < tolerableMs) return [ok(`${now}, as the store has it`)];
  const which = aheadOfStoreMs > 0 ? 'ahead of' : 'behind';
  return [warning(`${now} by this clock, which is ${differs} ${which} the store’s`, cure)];
}
