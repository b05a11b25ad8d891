import { expect, it } from 'vitest';
import { proveFiles } from '../../../../src/steps/proof/files.ts';
import type { RestorePlan } from '../../../../src/steps/restore-plan.ts';
import type { StepFacts } from '../../../../src/steps/step.ts';

const prove = (facts: StepFacts | null, manifestKey: string | null = 'backup_manifest') =>
  proveFiles({ plan: () => ({ contents: { manifestKey } }) as RestorePlan, outputOf: () => facts });

it('tells how many files were compared with the manifest, and how', () => {
  const facts = { filesMatchingManifest: 1204, bytesMatchingManifest: 2_254_857_830 };
  expect(prove({ ...facts, manifestChecksums: 'CRC32C' })).toMatchObject({
    id: 'files',
    outcome: 'passed',
    summary: '1,204 files, 2.10 GiB, compared by size and CRC32C.',
  });
  expect(prove({ ...facts, manifestChecksums: null }).summary).toBe(
    '1,204 files, 2.10 GiB, compared by size; the manifest has no checksums.',
  );
});

it('is skipped without a manifest, and not reached before the files are there', () => {
  expect(prove({ filesMatchingManifest: null }, null)).toMatchObject({
    outcome: 'skipped',
    summary: 'The backup has no manifest.',
  });
  expect(prove(null).outcome).toBe('not-reached');
});
