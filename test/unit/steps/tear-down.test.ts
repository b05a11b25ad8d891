import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import type { RestorePlan, TargetAction } from '../../../src/steps/restore-plan.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { tearDown } from '../../../src/steps/tear-down.ts';
import { DataDirectory } from '../../../src/target/data-directory.ts';
import { placeMark } from '../../../src/target/marker.ts';
import { markerFile, type Target, type TargetSpec } from '../../../src/target/target.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const runId = '20261128-010203-abcd';
const never = new AbortController().signal;
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let data: string;
beforeEach(async () => {
  place = await temporaryDirectory();
  data = join(place.path, 'data');
});
afterEach(() => place[Symbol.asyncDispose]());

const directory = (path: string) => new DataDirectory({ kind: 'data-directory', path }, async () => null);

/** A run that had come so far, on directories of this host; what it did is told. */
function run(
  action: TargetAction,
  options: { prepared?: boolean; cold?: string; broken?: string } = {},
): { did: string[]; tearDown: () => Promise<unknown> } {
  const did: string[] = [];
  const cold = options.cold === undefined ? [] : [{ kind: 'data-directory', path: options.cold } as const];
  const plan = {
    target: { kind: 'data-directory', path: data },
    targetDescription: data,
    targetAction: action,
    tablespaces: cold.map((target) => ({ place: { target, description: target.path, action } })),
  } as unknown as RestorePlan;
  const context = {
    runId,
    signal: never,
    plan: () => plan,
    outputOf: (step: string) => (step === 'prepareTarget' && options.prepared === true ? {} : null),
    ports: {
      target: async (spec: TargetSpec): Promise<Target> => {
        if (spec.kind !== 'data-directory') throw new Error('There is no engine here.');
        const target = directory(spec.path);
        if (spec.path !== options.broken) return target;
        const refuse = () => Promise.reject(new OdoError('ENGINE_FAILED', `${spec.path} is stuck.`));
        return Object.assign(target, { discard: refuse });
      },
      launcher: async () => ({ removeLeftovers: async () => void did.push('server ended') }),
    },
    resourceRemoved: (kind: string, name: string) => void did.push(`${kind} ${name} removed`),
    failpoint: () => {},
  } as unknown as StepContext;
  return { did, tearDown: () => tearDown.run(context) };
}

/** As prepareTarget leaves it, with something restored since. */
async function restoreInto(path: string): Promise<void> {
  const target = directory(path);
  await target.create(runId, never);
  await (await target.dataTree(runId)).writeFile(markerFile, JSON.stringify({ runId }), 0o600);
  await target.workTree(runId);
  await mkdir(join(path, 'base'));
  await writeFile(join(path, 'base', '1'), 'restored');
}

test('a directory that the run made goes, with the work directory beside it, and so again', async () => {
  await restoreInto(data);
  const { did, tearDown } = run('create', { prepared: true });
  await tearDown();
  expect(await readdir(place.path)).toEqual([]);
  expect(did).toEqual([
    'server ended',
    `server odo-${runId}-server removed`,
    `directory ${data} removed`,
    `directory ${data}.odo-${runId} removed`,
  ]);
  await tearDown();
  expect(await readdir(place.path)).toEqual([]);
});

test('of a run that had only written down that it would make a directory, that goes', async () => {
  await directory(data).workTree(runId);
  await run('create').tearDown();
  expect(await readdir(place.path)).toEqual([]);
});

test('a run that had done nothing has nothing removed, and nothing is made to look for it', async () => {
  const { did, tearDown } = run('create');
  await tearDown();
  expect(did).not.toContain('server ended');
  expect(await readdir(place.path)).toEqual([]);
});

test('a directory of that name which the run did not make stays', async () => {
  await mkdir(data);
  await writeFile(join(data, 'precious'), '');
  await run('create').tearDown();
  expect(await readdir(data)).toEqual(['precious']);
});

test('a directory that was there stays, as empty as it was', async () => {
  await mkdir(join(data, 'lost+found'), { recursive: true });
  await restoreInto(data);
  await run('fill', { prepared: true }).tearDown();
  expect(await readdir(place.path)).toEqual(['data']);
  expect(await readdir(data)).toEqual(['lost+found']);
});

test('data that were to be replaced stay until they were removed; then what replaced them goes', async () => {
  await restoreInto(data);
  await run('clean').tearDown();
  expect(await readdir(data)).toEqual(['base']);

  await restoreInto(data).catch(() => {}); // "base" is there
  await run('clean', { prepared: true }).tearDown();
  expect(await readdir(data)).toEqual([]);
});

test('what lies under a mark that nobody looked under is not this run’s: only the mark goes', async () => {
  await mkdir(data);
  await placeMark(await directory(data).dataTree(runId), runId);
  await writeFile(join(data, 'PG_VERSION'), '17');
  await run('fill').tearDown();
  expect(await readdir(data)).toEqual(['PG_VERSION']);
});

test('what another run took meanwhile is its own', async () => {
  await mkdir(data);
  await writeFile(join(data, markerFile), JSON.stringify({ runId: '20261128-020304-wxyz' }));
  await writeFile(join(data, 'PG_VERSION'), '17');
  await run('fill', { prepared: true }).tearDown();
  expect((await readdir(data)).sort()).toEqual([markerFile, 'PG_VERSION']);
});

test('what cannot be removed is said, and the rest goes all the same', async () => {
  const cold = join(place.path, 'cold');
  await restoreInto(data);
  await restoreInto(cold);
  const { tearDown } = run('create', { prepared: true, cold, broken: data });
  await expect(tearDown()).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: `${data} is stuck.` });
  expect(await readdir(place.path)).not.toContain('cold');
  expect(await readdir(data)).toContain('base');
  // What is left of this run is still known for that.
  await run('create', { prepared: true, cold }).tearDown();
  expect(await readdir(place.path)).toEqual([]);
});
