import { targetText } from '../../postgres/recovery-target.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import type { Row } from './row.ts';

/** Where recovery ends, on which timeline, and what was proven of the way there. */
export const recoveryRows = ({ recovery, contents: { wal } }: RestorePlan): Row[] => [
  // Plans of older journals know no target.
  ['target', targetText(recovery?.target ?? { kind: 'end' })],
  ...(recovery?.readings ?? []).map((reading): Row => ['', reading]),
  ...(wal === null ? [] : [['timeline', pathText(wal)] satisfies Row]),
];

/** `1 until 0/5000000, then 2` */
function pathText({ timeline, path }: NonNullable<RestorePlan['contents']['wal']>): string {
  const stretches = path ?? [{ timeline, untilLsn: null }];
  return stretches
    .map((one) => (one.untilLsn === null ? `${one.timeline}` : `${one.timeline} until ${one.untilLsn}`))
    .join(', then ');
}
