import { OdoError } from '../../errors/odo-error.ts';
import { amcheckOf } from './amcheck.ts';
import { assertionOf } from './assertion.ts';
import { collationsOf } from './collations.ts';
import { dumpOf } from './dump.ts';
import { identity } from './identity.ts';
import type { Proof, Proving } from './proof.ts';

/**
 * What the temporary database itself is asked, in this order; also what was not asked for, so that a report says so. What
 * was proved on the way to it stands in the journal.
 */
export function proofsOf({ context, databases }: Pick<Proving, 'context' | 'databases'>): readonly Proof[] {
  const { drill } = context.plan();
  if (drill == null) throw new OdoError('BUG', 'Only a drill proves its database.');
  return [
    identity,
    ...databases.map((database) => amcheckOf(database, drill.amcheck)),
    collationsOf(drill.amcheck),
    ...databases.map((database) => dumpOf(database, drill.dump)),
    ...drill.assertions.map(assertionOf),
  ];
}
