import { proofItem } from '../../report/proof-item.ts';
import type { ProofItem } from '../../report/run-report.ts';
import { formatCount } from '../../report/text.ts';
import { formatBytes } from '../../report/units.ts';
import type { StepContext } from '../step.ts';

export const files = { id: 'files', title: 'Files match the manifest of the backup' };

/**
 * What was compared with the backup's manifest. They are compared while they stream, so nobody
 * measured how long that took; one that does not match ends the run before anybody asks here.
 */
export function proveFiles({ plan, outputOf }: Pick<StepContext, 'plan' | 'outputOf'>): ProofItem {
  if (plan().contents.manifestKey === null) {
    return proofItem(files, { outcome: 'skipped', summary: 'The backup has no manifest.' });
  }
  const restored = outputOf('restoreBase');
  const { filesMatchingManifest: count, bytesMatchingManifest: bytes, manifestChecksums } = restored ?? {};
  if (typeof count !== 'number') {
    const summary = 'The base backup was not restored to its end.';
    return proofItem(files, { outcome: 'not-reached', summary });
  }
  const size = typeof bytes === 'number' ? `, ${formatBytes(bytes)}` : '';
  const how =
    typeof manifestChecksums === 'string'
      ? `size and ${manifestChecksums}`
      : 'size; the manifest has no checksums';
  const summary = `${formatCount(count)} files${size}, compared by ${how}.`;
  return proofItem(files, { outcome: 'passed', summary });
}
