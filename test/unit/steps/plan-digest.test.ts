import { expect, test } from 'vitest';
import { canonicalJson } from '../../../src/steps/canonical-json.ts';
import { planDigest } from '../../../src/steps/plan-digest.ts';
import { planRestore } from '../../../src/steps/plan-restore.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { healthyFacts, plainRequest } from '../../support/facts.ts';

test('JSON has one form, whatever the order and what is left out', () => {
  const one = { b: [1, { z: null, y: 'é"' }], a: undefined, '10': 1, '9': 2 };
  expect(canonicalJson(one)).toBe('{"10":1,"9":2,"b":[1,{"y":"é\\"","z":null}]}');
  expect(canonicalJson({ '9': 2, b: [1, { y: 'é"', z: null }], '10': 1 })).toBe(canonicalJson(one));
  expect(canonicalJson(JSON.parse(JSON.stringify(one)))).toBe(canonicalJson(one));
});

test('a plan that does the same has the same digest, whenever it is made and however much room there is', async () => {
  const made = (runId: string, at: string, freeBytes: number) =>
    planRestore({ ...healthyFacts, target: { ...healthyFacts.target, freeBytes } }, plainRequest, {
      runId,
      ports: { now: () => new Date(at), cores: () => 2 },
    } as unknown as StepContext);
  const one = await made('a', '2026-11-22T00:00:00Z', 10_000);
  const other = await made('b', '2026-11-23T00:00:00Z', 20_000);
  expect(one.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(other.digest).toBe(one.digest);
  expect(planDigest(one)).toBe(one.digest);
});

test('whatever decides what is read, removed, written or reached changes the digest', () => {
  const digest = planDigest(samplePlan);
  const [archive] = samplePlan.contents.archives;
  if (archive === undefined || samplePlan.contents.wal === null) throw new Error('The sample has both.');
  const changes: readonly Partial<typeof samplePlan>[] = [
    { contents: { ...samplePlan.contents, archives: [{ ...archive, etag: '"other"' }] } },
    {
      contents: {
        ...samplePlan.contents,
        wal: { ...samplePlan.contents.wal, lastSegment: '000000030000002A00000006' },
      },
    },
    { target: { kind: 'data-directory', path: '/srv/pg' } },
    { targetAction: 'fill' },
    { found: { exists: true, holds: 'data-directory', serverMajor: 17, systemIdentifier: '1' } },
    { promote: false },
    { imageId: 'sha256:other' },
    { override: null },
    { owner: { uid: 26, gid: 26 } },
    { sync: false },
  ];
  const digests = changes.map((change) => planDigest({ ...samplePlan, ...change }));
  expect(new Set([digest, ...digests]).size).toBe(changes.length + 1);
});
