import { describe, expect, test } from 'vitest';
import { automaticJobs, dataPlaneDefaults } from '../../../src/steps/data-plane-options.ts';
import type { PreflightFacts } from '../../../src/steps/facts.ts';
import { planRestore, summarize } from '../../../src/steps/plan-restore.ts';
import type { RestoreRequest } from '../../../src/steps/restore-request.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { healthyFacts, plainRequest } from '../../support/facts.ts';

/** The plan of pure facts: it needs the run's id, the time and the cores, and no adapter. */
const context = {
  runId: 'r',
  ports: { now: () => new Date('2026-11-23T00:00:00Z'), cores: () => 6 },
} as unknown as StepContext;
const plan = (facts: Partial<PreflightFacts> = {}, request: Partial<RestoreRequest> = {}) =>
  planRestore({ ...healthyFacts, ...facts }, { ...plainRequest, ...request }, context);
const target = (change: Partial<PreflightFacts['target']>) => ({
  target: { ...healthyFacts.target, ...change },
});

describe('the plan', () => {
  test('fills an empty target, creates a missing one, cleans one with data and says what that removes', async () => {
    expect(await plan()).toMatchObject({ targetAction: 'fill', removes: null });
    expect(await plan(target({ exists: false }))).toMatchObject({ targetAction: 'create', removes: null });
    const held = target({
      holds: 'data-directory',
      serverMajor: 16,
      usedBytes: 2048,
      systemIdentifier: '42',
    });
    const cleaning = await plan(held);
    expect(cleaning.targetAction).toBe('clean');
    expect(cleaning.removes).toBe(
      'a PostgreSQL 16 data directory, 2.00 KiB, system identifier 42 in directory /srv/pg',
    );
    expect(cleaning.warnings.join()).toMatch(/another database cluster/);
    expect(summarize(cleaning).removes).toBe(cleaning.removes);
  });

  test('gives the files to whom was asked, else to the former owner, never to root, else to the server’s user', async () => {
    const former = target({ owner: { uid: 26, gid: 26 } });
    expect((await plan(former, { owner: { uid: 5, gid: 6 } })).owner).toEqual({ uid: 5, gid: 6 });
    expect((await plan(former)).owner).toEqual({ uid: 26, gid: 26 });
    expect((await plan(target({ owner: { uid: 0, gid: 0 } }))).owner).toEqual({ uid: 999, gid: 999 });
    expect((await plan()).launcher.owner).toEqual({ uid: 999, gid: 999 });
  });

  test('puts tablespaces inside the target, whatever their former paths were', async () => {
    const tablespaces = [{ oid: '16400', name: 'cold', location: '/mnt/production/cold' }];
    const { contents } = healthyFacts;
    const planned = await plan({ contents: { ...contents, backup: { ...contents.backup, tablespaces } } });
    expect(planned.tablespaces).toEqual([
      {
        oid: '16400',
        name: 'cold',
        path: 'odo_tablespaces/16400',
        serverPath: '/srv/pg/odo_tablespaces/16400',
        sourceLocation: '/mnt/production/cold',
      },
    ]);
    expect(planned.warnings.join()).toMatch(/not to their former paths/);
  });

  test('freezes the jobs: as many as asked for, else by the cores', async () => {
    expect((await plan({}, { jobs: 40 })).jobs).toBe(40);
    expect((await plan({}, { jobs: 'auto' })).jobs).toBe(6);
    expect([1, 2, 3, 16, 128].map(automaticJobs)).toEqual([2, 2, 3, 16, 16]);
  });

  test('takes over how the data plane shall work, and warns of files that are not synced', async () => {
    const asked = {
      maxRateBytesPerSecond: 1_000_000,
      background: true,
      sync: false,
      publishIndex: true,
      pageChecksums: true,
      memoryBytes: 64_000_000,
    };
    expect(await plan()).toMatchObject(dataPlaneDefaults);
    expect((await plan()).warnings).toEqual([]);
    const planned = await plan({}, asked);
    expect(planned).toMatchObject(asked);
    expect(planned.warnings.join()).toMatch(/not made durable \(--no-sync\)/);
  });

  test('survives as JSON, as the journal keeps it', async () => {
    const planned = await plan();
    expect(JSON.parse(JSON.stringify(planned))).toEqual(planned);
  });
});
