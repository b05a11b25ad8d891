import { describe, expect, test } from 'vitest';
import { acquireLease, findRun } from '../../../src/journal/runs.ts';
import { machineVersion } from '../../../src/machine/version.ts';
import { abandonRun, promoteRun, resumeRun } from '../../../src/run/executor.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { whatIsGivenUp } from '../../../src/run/give-up.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { journalWithRun } from '../../support/run-journal.ts';

const options = { takeOver: false, confirmed: true };

describe('odo abandon', () => {
  test('only marks a run that never agreed to a plan, and says so the second time', async () => {
    await using journal = await journalWithRun();
    const first = await abandonRun('r', journal.surroundings, options);
    expect(first).toMatchObject({ status: 'abandoned', exitCode: 0, next: null });
    expect(journal.events.map(({ type }) => type)).toEqual(['run', 'abandoned']);
    expect(findRun(journal.database, 'r')).toMatchObject({ status: 'abandoned', lease: null });
    const again = await abandonRun('r', journal.surroundings, options);
    expect(again).toMatchObject({ status: 'abandoned', exitCode: 0 });
    expect(journal.events).toHaveLength(2);
  });

  test.for(['refused', 'declined'] as const)('has nothing to do for a %s run', async (status) => {
    await using journal = await journalWithRun();
    journal.records.setStatus(status, { code: 'WAL_MISSING', message: 'A segment is missing.', causes: [] });
    expect(await abandonRun('r', journal.surroundings, options)).toMatchObject({ status, exitCode: 0 });
    expect(journal.events).toEqual([]);
  });

  test('has nothing to do for a drill that has removed everything, and refuses a completed restore', async () => {
    await using drill = await journalWithRun({ kind: 'drill' });
    drill.records.setVerdict('failed');
    drill.records.setStatus('completed', null);
    expect(await abandonRun('r', drill.surroundings, options)).toMatchObject({
      status: 'completed',
      verdict: 'failed',
      exitCode: 0,
    });
    await using restore = await journalWithRun();
    restore.records.setStatus('completed', null);
    await expect(abandonRun('r', restore.surroundings, options)).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('leaves a run alone that another odo works on', async () => {
    await using journal = await journalWithRun();
    acquireLease(
      journal.database,
      'r',
      { ...currentExecutor(), host: 'elsewhere', bootId: 'another' },
      { nowMs: 0, expiresAtMs: Date.now() + 60_000, takeOver: true, isDead: () => false },
    );
    await expect(abandonRun('r', journal.surroundings, options)).rejects.toMatchObject({ code: 'RUN_HELD' });
    expect(findRun(journal.database, 'r')?.abandonedAtMs).toBeNull();
    const taken = await abandonRun('r', journal.surroundings, { ...options, takeOver: true });
    expect(taken.status).toBe('abandoned');
  });

  test.for(['switchOver', 'startService', 'cleanUp'])(
    'refuses a restore that has handed its data over in %s',
    async (step) => {
      await using journal = await journalWithRun();
      journal.plan(samplePlan);
      journal.records.saveSnapshot(machineVersion, { value: 'failed' });
      journal.begin(step);
      journal.records.setStatus('failed', null);
      await expect(abandonRun('r', journal.surroundings, options)).rejects.toMatchObject({
        code: 'SERVICE_CONFLICT',
      });
      expect(findRun(journal.database, 'r')).toMatchObject({ status: 'failed', abandonedAtMs: null });
    },
  );

  test('is not taken back: the run is neither promoted nor moved, and a resume goes on removing it', async () => {
    await using journal = await journalWithRun();
    journal.records.abandon();
    await expect(promoteRun('r', journal.surroundings)).rejects.toMatchObject({ code: 'USAGE' });
    const resumed = await resumeRun('r', journal.surroundings, { redo: [], takeOver: false, move: null });
    expect(resumed).toMatchObject({ status: 'abandoned', exitCode: 0 });
  });
});

describe('what is said before a restore is given up', () => {
  const inPlace: RestorePlan = {
    ...samplePlan,
    targetAction: 'clean',
    removes: 'PostgreSQL 17 data, 12 GiB',
    tablespaces: [],
  };

  test('in place, names the data that is gone already, what stays, and how to start the service', async () => {
    await using journal = await journalWithRun();
    journal.complete('stopService');
    journal.complete('prepareTarget');
    expect(whatIsGivenUp(inPlace, journal.records)).toBe(
      `Giving up run r removes its server, its work directories and what it restored into ${inPlace.targetDescription}. Gone already, removed in the beginning: PostgreSQL 17 data, 12 GiB. What stays: ${inPlace.targetDescription} itself, which is empty then; ${inPlace.serviceDescription} stays stopped, and is started with: docker compose -f /srv/shop/compose.yaml up -d db.`,
    );
  });

  test('before the target was cleaned, the data from before stays', async () => {
    await using journal = await journalWithRun();
    journal.begin('prepareTarget');
    expect(whatIsGivenUp(inPlace, journal.records)).toBe(
      `Giving up run r removes its server and its work directories. What stays: what there is in ${inPlace.targetDescription} from before.`,
    );
  });

  test('a volume of the run’s own goes with all that is in it', async () => {
    await using journal = await journalWithRun();
    const plan: RestorePlan = { ...inPlace, targetAction: 'create', removes: null };
    expect(whatIsGivenUp(plan, journal.records)).toBe(
      `Giving up run r removes its server, its work directories and ${plan.targetDescription}, which it made.`,
    );
  });
});
