import type { AmcheckExtent } from '../drill-request.ts';
import { type ChangedDatabase, findChangedCollations } from '../promoted-collations.ts';
import { amcheckIn } from './amcheck-extension.ts';
import { failed, findingOfQuery, isSome, passed } from './outcome.ts';
import type { Proof, Proving } from './proof.ts';

/**
 * Text that sorts otherwise than when the indexes were built does not mean that one of them is broken; amcheck, which
 * compares every index with the order of this server, knows. So a change is bad only where nothing looked.
 */
export const collationsOf = (extent: AmcheckExtent): Proof => ({
  id: 'collations',
  title: 'Text sorts as where the backup was made',
  async run(proving) {
    const { context, server, superuser, databases } = proving;
    const changed = await findChangedCollations(context, server, superuser).catch((error) =>
      findingOfQuery(proving, error),
    );
    if (typeof changed === 'string') return failed([changed]);
    if (changed.length === 0) return passed('No collation that is used has changed.');
    const unproven: ChangedDatabase[] = [];
    for (const database of changed) {
      // Templates hold no data of anyone's.
      if (databases.includes(database.name) && !(await isChecked(proving, database.name, extent))) {
        unproven.push(database);
      }
    }
    const findings = unproven.map(({ description }) => description);
    if (isSome(findings)) return failed(findings);
    return passed(
      `Collations of ${changed.map(({ name }) => name).join(', ')} have changed; whether indexes suffered is what amcheck says.`,
      changed.map(({ description }) => description),
    );
  },
});

async function isChecked(proving: Proving, database: string, extent: AmcheckExtent): Promise<boolean> {
  return extent !== 'off' && (await amcheckIn(proving, database)).available !== null;
}
