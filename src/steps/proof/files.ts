import type { ProofItem } from '../../report/run-report.ts';
import { formatCount } from '../../report/text.ts';
import { formatBytes } from '../../report/units.ts';
import type { StepContext } from '../step.ts';

/** What was compared with the backup's manifest. A file that does not match ends the run before anybody asks here. */
export function proveFiles({ plan, outputOf }: Pick<StepContext, 'plan' | 'outputOf'>): ProofItem {
  const item = (outcome: ProofItem['outcome'], summary: string): ProofItem => ({
    id: 'files',
    title: 'Files match the manifest of the backup',
    outcome,
    summary,
    details: [],
    // They are compared while they stream.
    durationMs: null,
  });
  if (plan().contents.manifestKey === null) {
    return item('skipped', 'The backup has no manifest.');
  }
  const restored = outputOf('restoreBase');
  const { filesMatchingManifest: files, bytesMatchingManifest: bytes, manifestChecksums } = restored ?? {};
  if (typeof files !== 'number') return item('not-reached', 'The base backup was not restored to its end.');
  const size = typeof bytes === 'number' ? `, ${formatBytes(bytes)}` : '';
  const how =
    typeof manifestChecksums === 'string'
      ? `size and ${manifestChecksums}`
      : 'size; the manifest has no checksums';
  return item('passed', `${formatCount(files)} files${size}, compared by ${how}.`);
}
