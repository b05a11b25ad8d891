import { describe, expect, test } from 'vitest';
import { automaticJobs, dataPlaneDefaults } from '../../../src/steps/data-plane-options.ts';
import type { DrillRequest } from '../../../src/steps/drill-request.ts';
import { withOwnTarget } from '../../../src/steps/drill-target.ts';
import type { PreflightFacts } from '../../../src/steps/facts.ts';
import { planRestore, summarize } from '../../../src/steps/plan-restore.ts';
import { plannedTrees } from '../../../src/steps/planned-trees.ts';
import type { RestoreRequest } from '../../../src/steps/restore-request.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import type { TablespaceFacts } from '../../../src/steps/tablespace-facts.ts';
import { healthyFacts, plainDrill, plainRequest } from '../../support/facts.ts';

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

const cold = { oid: '16400', name: 'cold', location: '/mnt/production/cold' };
const insideFacts: TablespaceFacts = {
  tablespace: cold,
  serverPath: '/srv/pg/odo_tablespaces/16400',
  path: 'odo_tablespaces/16400',
  place: null,
  suggestion: null,
};
const onVolume = (facts: Partial<PreflightFacts['target']> = {}): TablespaceFacts => ({
  ...insideFacts,
  serverPath: '/cold',
  path: '.odo-tablespaces/16400',
  place: {
    target: {
      kind: 'docker-volume',
      volume: 'shop_cold',
      subpath: '.odo-tablespaces/16400',
      create: false,
      labels: {},
      access: 'auto',
      helperImage: null,
    },
    mount: { type: 'volume', source: 'shop_cold', destination: '/cold' },
    facts: {
      ...healthyFacts.target,
      description: 'volume shop_cold',
      location: '/volumes/shop_cold',
      ...facts,
    },
    closedParent: null,
  },
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
    const planned = await plan({ tablespaces: [insideFacts] });
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

  test('hints at a volume of the service where a tablespace used to be', async () => {
    const suggestion = '--tablespace cold=/mnt/production/cold';
    const { warnings } = await plan({ tablespaces: [{ ...insideFacts, suggestion }] });
    expect(warnings.join()).toContain(`to restore it there: ${suggestion}`);
    expect((await plan({ tablespaces: [insideFacts] })).warnings.join()).not.toMatch(/to restore it there/);
  });

  test('gives a tablespace its place, and lets the recovery server see it', async () => {
    const container = {
      kind: 'container',
      image: 'postgres:17',
      pgdata: '/data',
      mountPoint: '/data',
      owner: { uid: 999, gid: 999 },
    } as const;
    const launcher = { ...healthyFacts.launcher, spec: container };
    const planned = await plan({ launcher, tablespaces: [onVolume()] });
    expect(planned.tablespaces).toMatchObject([
      {
        path: '.odo-tablespaces/16400',
        serverPath: '/cold',
        place: { target: { volume: 'shop_cold' }, description: 'volume shop_cold', action: 'fill' },
      },
    ]);
    const mount = { type: 'volume', source: 'shop_cold', destination: '/cold' };
    expect(planned.launcher).toMatchObject({ tablespaceMounts: [mount] });
    expect(planned.warnings).toEqual([
      'How much of the backup is in the tablespace cold is not known, so the space in volume shop_cold is not checked.',
    ]);
    expect(plannedTrees(planned).map(({ description }) => description)).toEqual([
      'directory /srv/pg',
      'volume shop_cold',
    ]);
  });

  test('says that the tablespace of the replaced database is removed too', async () => {
    const held = target({ holds: 'data-directory', serverMajor: 17, tablespaceLocations: ['/cold'] });
    const former = onVolume({ holds: 'tablespace', serverMajor: 17, usedBytes: 2048 });
    const planned = await plan({ ...held, tablespaces: [former] });
    expect(planned.removes).toMatch(/data directory.*; its former tablespace, 2.00 KiB, in volume shop_cold/);
    expect(planned.tablespaces[0]?.place?.action).toBe('clean');
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
      pageChecksums: 'stream' as const,
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

describe('the plan of a drill', () => {
  const service = {
    ...healthyFacts.service,
    description: 'Compose service db',
    kind: 'compose',
    running: true,
    project: 'shop',
    superuser: 'boss',
  } as const;
  const request: Partial<RestoreRequest> = {
    service: { kind: 'compose', service: 'db', file: '/srv/compose.yaml', project: null },
    target: { kind: 'new-volume', name: 'odo-drill-r', present: null },
    drill: plainDrill,
  };
  const facts: Partial<PreflightFacts> = {
    ...target({ exists: false }),
    targetSpec: {
      kind: 'docker-volume',
      volume: 'odo-drill-r',
      subpath: '',
      create: true,
      labels: {},
      access: 'auto',
      helperImage: null,
    },
    service,
  };

  test('leaves the service alone, and takes only its superuser', async () => {
    const planned = await plan(facts, request);
    expect(planned).toMatchObject({
      service: { kind: 'none' },
      serviceWasRunning: false,
      stopsFirst: false,
      switchOver: null,
      targetAction: 'create',
      removes: null,
      superuser: 'boss',
      drill: { ...plainDrill, beside: 'Compose service db' },
    });
    expect(summarize(planned)).toMatchObject({ hasService: false, stopsFirst: false, drill: 'remove' });
  });

  test('says nothing of where its tablespaces lie, which go with it', async () => {
    const suggested = { ...insideFacts, suggestion: '--tablespace cold=/mnt/production/cold' };
    expect((await plan({ ...facts, tablespaces: [suggested] }, request)).warnings).toEqual([]);
  });

  test('is no part of what is signed for a restore', async () => {
    expect(await plan()).not.toHaveProperty('drill');
    const kept = await plan(facts, { ...request, drill: { ...plainDrill, keep: true } });
    expect(summarize(kept).drill).toBe('keep');
    expect(kept.digest).not.toBe((await plan(facts, request)).digest);
  });
});

describe('the name of a drill', () => {
  test('is its run’s own; a restore keeps the name that it was given', () => {
    const named = (target: RestoreRequest['target'], drill: DrillRequest | null) =>
      withOwnTarget({ ...plainRequest, target, drill }, '20261128-010203-abcd').target;
    const volume = { kind: 'new-volume', name: 'odo-drill', present: null } as const;
    const directory = { kind: 'data-directory', path: '/srv/odo-drill' } as const;
    expect(named(volume, plainDrill)).toEqual({ ...volume, name: 'odo-drill-20261128-010203-abcd' });
    expect(named(directory, plainDrill)).toMatchObject({ path: '/srv/odo-drill-20261128-010203-abcd' });
    expect(named(volume, null)).toBe(volume);
  });
});
