import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type PlanDocument,
  planDocument,
  readPlanFile,
  readSignedPlan,
  requestOf,
  writePlanFile,
} from '../../../src/run/plan-file.ts';
import { planDigest } from '../../../src/steps/plan-digest.ts';
import { changedRequest } from '../../../src/steps/recovery-change.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const plan: RestorePlan = { ...samplePlan, digest: planDigest(samplePlan) };
const content = {
  request: { ...plainRequest, confirmed: true },
  plan,
  problems: [],
  settings: [{ name: 'url', value: 's3://b', provenance: 'flag -u' }],
  exitCode: 0,
};

async function written(directory: string, edit: (document: PlanDocument) => unknown = (same) => same) {
  const file = join(directory, 'plan.json');
  await writeFile(file, JSON.stringify(edit(planDocument(content))));
  return file;
}

test('a plan comes back from its file as it was, with nobody’s agreement in it', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'plan.json');
  await writePlanFile(file, planDocument(content));
  const read = await readPlanFile(file);
  expect(read.plan).toEqual(plan);
  expect(read.digest).toBe(plan.digest);
  expect(requestOf(read, file)).toEqual({
    ...plainRequest,
    confirmed: false,
    backup: plan.contents.backup.id,
    before: null,
    recovery: expect.objectContaining({ timeline: 3, target: { kind: 'end' } }),
    signedPlan: { file, digest: plan.digest },
  });
});

test('the checks of an agreed plan look for its target, not for that of the request', async () => {
  await using directory = await temporaryDirectory();
  const stop = { kind: 'lsn', lsn: '2A/7000000', inclusive: true } as const;
  const recovery = {
    target: { kind: 'end' },
    timeline: 'latest',
    action: 'promote',
    standby: null,
    spoolBytes: 1,
    check: 'records',
    stop,
    proof: null,
  } as const;
  const aimed: RestorePlan = { ...samplePlan, recovery };
  const file = join(directory.path, 'plan.json');
  const document = planDocument({ ...content, plan: { ...aimed, digest: planDigest(aimed) } });
  await writePlanFile(file, document);
  expect(requestOf(await readPlanFile(file), file).recovery).toMatchObject({ target: stop, timeline: 3 });
});

test('a plan of fifty thousand files goes through its file', async () => {
  await using directory = await temporaryDirectory();
  const files = Array.from({ length: 50_000 }, (_, index) => ({
    path: `base/16384/${100_000 + index}`,
    sizeBytes: 8192 * index,
    etag: `"d41d8cd98f00b204e9800998ecf8427e-${index}"`,
  }));
  const trees = [{ name: 'data', folder: 'main/data/', content: 'data' as const, files }];
  const large: RestorePlan = { ...samplePlan, contents: { ...samplePlan.contents, trees } };
  const file = join(directory.path, 'plan.json');
  await writePlanFile(file, planDocument({ ...content, plan: { ...large, digest: planDigest(large) } }));
  expect((await readPlanFile(file)).plan.contents.trees?.[0]?.files).toHaveLength(50_000);
});

test('a plan is never written over another file', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'plan.json');
  await writeFile(file, 'signed');
  await expect(writePlanFile(file, planDocument(content))).rejects.toMatchObject({
    code: 'USAGE',
    message: `${file} exists already, and a plan is never written over another file.`,
  });
  expect(await readFile(file, 'utf8')).toBe('signed');
});

test.for<[what: string, edit: (document: PlanDocument) => unknown, code: string, says: RegExp]>([
  [
    'a changed promise',
    (one) => ({ ...one, plan: { ...plan, targetDescription: 'volume harmless' } }),
    'PLAN_INVALID',
    /was changed after it was made: its checksum/,
  ],
  [
    'a changed fact that is no part of the digest',
    (one) => ({ ...one, plan: { ...plan, removes: null } }),
    'PLAN_INVALID',
    /its checksum is another/,
  ],
  [
    'an agreement that nobody gave',
    (one) => ({ ...one, request: { ...one.request, confirmed: true } }),
    'PLAN_INVALID',
    /its checksum is another/,
  ],
  [
    'a change with a checksum made to fit',
    (one) => planDocument({ ...one, plan: { ...plan, promote: false } }),
    'PLAN_INVALID',
    /its digest is another/,
  ],
  [
    'another odo',
    (one) => ({ ...one, odoVersion: '0.0.9' }),
    'PLAN_INCOMPATIBLE',
    /made by odo 0\.0\.9; this is odo/,
  ],
  [
    'another machine',
    (one) => ({ ...one, machineVersion: 1 }),
    'PLAN_INCOMPATIBLE',
    /version 1 of the way of a run/,
  ],
  [
    'failed checks',
    (one) =>
      planDocument({ ...one, problems: [{ code: 'NOT_ENOUGH_SPACE', message: 'No room.', causes: [] }] }),
    'PLAN_INVALID',
    /holds no plan to execute: No room\./,
  ],
  ['no plan', (one) => planDocument({ ...one, plan: null }), 'PLAN_INVALID', /holds no plan to execute/],
  ['something else', () => ({ type: 'plan', runId: 'r', plan: {} }), 'PLAN_INVALID', /is not a plan of odo/],
  ['a number', () => 7, 'PLAN_INVALID', /is not a plan of odo/],
])('%s is refused', async ([, edit, code, says]) => {
  await using directory = await temporaryDirectory();
  const file = await written(directory.path, edit);
  await expect(readPlanFile(file)).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
});

test('a file that was cut off, and one that is not there, are refused by name', async () => {
  await using directory = await temporaryDirectory();
  const file = await written(directory.path);
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, -100));
  await expect(readPlanFile(file)).rejects.toMatchObject({
    code: 'PLAN_INVALID',
    message: /no JSON, or was cut off/,
  });
  const absent = join(directory.path, 'none.json');
  await expect(readPlanFile(absent)).rejects.toMatchObject({
    code: 'PLAN_INVALID',
    message: `The plan ${absent} cannot be read.`,
  });
});

test('a run does not take another plan that was put in the place of its own', async () => {
  await using directory = await temporaryDirectory();
  const file = await written(directory.path);
  const digest = String(plan.digest);
  expect((await readSignedPlan({ file, digest })).digest).toBe(digest);
  await expect(readSignedPlan({ file, digest: '0'.repeat(64) })).rejects.toMatchObject({
    code: 'PLAN_INVALID',
    message: expect.stringMatching(/is another plan than the one that the run was started with/),
  });
});

test('a run that goes on to another target does not execute the plan in the file any more', () => {
  const request = { ...plainRequest, signedPlan: { file: '/plan.json', digest: '0' } };
  const target = { kind: 'xid', xid: '1', inclusive: true } as const;
  const changed = changedRequest(request, { target, timeline: null, action: null }, 'b');
  expect(changed.signedPlan).toBeNull();
});
