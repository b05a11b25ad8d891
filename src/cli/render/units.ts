import { formatBytes } from '../../report/units.ts';

export { formatDuration } from '../../report/units.ts';
export { formatTime } from '../../steps/units.ts';

/** `117 MiB/s`, `42 segments/s` */
export function formatRate(perSecond: number, unit: 'bytes' | 'segments' | 'wal-bytes'): string {
  if (unit !== 'segments') return `${formatBytes(Math.round(perSecond))}/s`;
  return `${perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1)} segments/s`;
}

/** `17.0 of 41.3 GiB`, `112 of 240 segments`, `17.0 GiB` */
export function formatAmount(done: number, total: number | null, unit: 'bytes' | 'segments'): string {
  if (unit === 'segments') return total === null ? `${done} segments` : `${done} of ${total} segments`;
  const doneText = formatBytes(done);
  if (total === null) return doneText;
  const totalText = formatBytes(total);
  const totalUnit = totalText.slice(totalText.indexOf(' '));
  return `${doneText.endsWith(totalUnit) ? doneText.slice(0, -totalUnit.length) : doneText} of ${totalText}`;
}

/** Never 100 % before all is done. */
export function formatPercent(done: number, total: number | null): string | null {
  if (total === null || total <= 0) return null;
  return `${done >= total ? 100 : Math.min(99, Math.floor((done * 100) / total))}%`;
}
