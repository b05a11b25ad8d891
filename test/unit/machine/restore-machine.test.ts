import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createActor, waitFor } from 'xstate';
import { initialContext } from '../../../src/machine/context.ts';
import { restoreMachine } from '../../../src/machine/restore-machine.ts';
import { machineVersion } from '../../../src/machine/version.ts';
import { belongsTo, timedPhases } from '../../../src/steps/phase-assumptions.ts';
import { isCurrent } from '../../../tools/draw-machine.ts';
import { healthyFacts, plainRequest } from '../../support/facts.ts';
import { changing, inPlace, reach, rehearse } from '../../support/rehearsed-machine.ts';

const input = { runId: 'r', request: plainRequest };

describe('the machine of a run', () => {
  test('goes in place: stops the service before the target is touched', async () => {
    const { machine, ran } = rehearse();
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    expect(ran).toEqual([]);
    actor.send({ type: 'AGREE' });
    await reach(actor, 'completed');
    expect(ran).toEqual(changing.filter((name) => name !== 'switchOver' && name !== 'reachTarget'));
  });

  test('goes to a new volume: stops the service only at the switch-over', async () => {
    const { machine, ran } = rehearse({
      summary: { ...inPlace, removes: null, stopsFirst: false, switchesOver: true },
    });
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    actor.send({ type: 'AGREE' });
    await reach(actor, 'completed');
    expect(ran).toEqual(changing.filter((name) => name !== 'stopService' && name !== 'reachTarget'));
  });

  test('ends behind the seal when another’s server is to recover, without a server of its own', async () => {
    const { machine, ran } = rehearse({
      summary: { ...inPlace, stopsFirst: false, hasService: false, preparesOnly: true },
    });
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    actor.send({ type: 'AGREE' });
    await reach(actor, 'completed');
    expect(ran).toEqual(timedPhases.filter((phase) => belongsTo(phase, 'preparation')));
  });

  test('touches nothing when the operator declines', async () => {
    const { machine, ran } = rehearse();
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    actor.send({ type: 'DECLINE' });
    expect(actor.getSnapshot().matches('declined')).toBe(true);
    expect(ran).toEqual([]);
  });

  test('ends refused, with every reason, when a preliminary check fails', async () => {
    const facts = {
      ...healthyFacts,
      target: { ...healthyFacts.target, freeBytes: 1, holds: 'other-files' as const },
    };
    const { machine, ran } = rehearse({ facts });
    const actor = createActor(machine, { input }).start();
    await reach(actor, 'refused');
    const { context } = actor.getSnapshot();
    expect(context.refusals.map((refusal) => refusal.code)).toEqual(['TARGET_NOT_EMPTY', 'NOT_ENOUGH_SPACE']);
    expect(context.failure?.code).toBe('TARGET_NOT_EMPTY');
    expect(ran).toEqual([]);
  });

  test('holds a consistent database that shall not be promoted, until PROMOTE', async () => {
    const { machine, ran } = rehearse({ summary: { ...inPlace, promote: false } });
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    actor.send({ type: 'AGREE' });
    await waitFor(actor, (snapshot) => snapshot.matches({ restoring: 'consistent' }));
    expect(ran).not.toContain('promote');
    actor.send({ type: 'PROMOTE' });
    await reach(actor, 'completed');
    expect(ran).toContain('promote');
  });

  test.for(['pause', 'shutdown'] as const)(
    'with %s it is held at its target, until PROMOTE',
    async (atTarget) => {
      const { machine, ran } = rehearse({ summary: { ...inPlace, atTarget } });
      const actor = createActor(machine, { input }).start();
      await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
      actor.send({ type: 'AGREE' });
      await waitFor(actor, (snapshot) => snapshot.matches({ restoring: 'atTarget' }));
      expect(ran.slice(-2)).toEqual(['recover', 'reachTarget']);
      const saved = JSON.stringify(actor.getPersistedSnapshot());
      actor.stop();
      const again = createActor(machine, { input, snapshot: JSON.parse(saved) }).start();
      again.send({ type: 'PROMOTE' });
      await reach(again, 'completed');
      expect(ran).toEqual(changing.filter((name) => name !== 'switchOver'));
    },
  );

  test('is held when consistent, whatever shall happen at the target, and PROMOTE then goes all the way', async () => {
    const { machine, ran } = rehearse({ summary: { ...inPlace, promote: false, atTarget: 'pause' } });
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    actor.send({ type: 'AGREE' });
    await waitFor(actor, (snapshot) => snapshot.matches({ restoring: 'consistent' }));
    actor.send({ type: 'PROMOTE' });
    await reach(actor, 'completed');
    expect(ran).toContain('promote');
    expect(ran).not.toContain('reachTarget');
  });

  test('replays a standby’s WAL without ever promoting it', async () => {
    const { machine, ran } = rehearse({ summary: { ...inPlace, standby: true } });
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    actor.send({ type: 'AGREE' });
    await reach(actor, 'completed');
    expect(ran).toEqual(changing.filter((name) => name !== 'switchOver' && name !== 'promote'));
  });

  test('fails on the way to its target, and resumes there', async () => {
    const { machine, ran } = rehearse({ summary: { ...inPlace, atTarget: 'pause' }, fails: 'reachTarget' });
    const actor = createActor(machine, { input }).start();
    await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
    actor.send({ type: 'AGREE' });
    await reach(actor, 'failed');
    actor.send({ type: 'RESUME' });
    await waitFor(actor, (snapshot) => snapshot.matches({ restoring: 'atTarget' }));
    expect(ran.slice(-2)).toEqual(['recover', 'reachTarget']);
  });

  test.for(changing.filter((name) => name !== 'switchOver' && name !== 'reachTarget'))(
    'fails in %s, survives as JSON, and resumes where it stood',
    async (phase) => {
      const { machine, ran } = rehearse({ fails: phase });
      const actor = createActor(machine, { input }).start();
      await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
      actor.send({ type: 'AGREE' });
      await reach(actor, 'failed');
      expect(actor.getSnapshot().context.failure).toMatchObject({
        code: 'ENGINE_FAILED',
        message: `${phase} failed`,
      });
      const saved = JSON.stringify(actor.getPersistedSnapshot());
      actor.stop();
      const again = createActor(machine, { input, snapshot: JSON.parse(saved) }).start();
      again.send({ type: 'RESUME' });
      await reach(again, 'completed');
      expect(again.getSnapshot().context.failure).toBeNull();
      expect(new Set(ran)).toEqual(
        new Set(changing.filter((name) => name !== 'switchOver' && name !== 'reachTarget')),
      );
      // One phase beside the failed one may have been cut off; all others ran once.
      expect(ran.length).toBeLessThanOrEqual(changing.length);
    },
  );

  test('goes through an agreed plan again without its preliminary checks', async () => {
    const { machine, ran } = rehearse();
    const context = { ...initialContext('r', plainRequest), planned: inPlace, agreed: true };
    const actor = createActor(machine, {
      input,
      snapshot: machine.resolveState({ value: 'failed', context }),
    });
    actor.start();
    actor.send({ type: 'REPLAY' });
    await reach(actor, 'completed');
    expect(ran).toEqual(changing.filter((name) => name !== 'switchOver' && name !== 'reachTarget'));
  });

  test('has a drawing in docs/ that is current', () => {
    expect(isCurrent(), 'run: npm run docs').toBe(true);
  });

  test('raises its version when its shape changes', () => {
    const shape = JSON.stringify(restoreMachine.definition, (key, value) =>
      key === 'description' ? undefined : value,
    );
    const digest = createHash('sha256').update(shape).digest('hex').slice(0, 16);
    expect({ machineVersion, digest }).toMatchInlineSnapshot(`
      {
        "digest": "b97aa5aec50ccb0e",
        "machineVersion": 5,
      }
    `);
  });
});
