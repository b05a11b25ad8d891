import { describe, expect, test } from 'vitest';
import { createActor, waitFor } from 'xstate';
import type { PlanSummary } from '../../../src/steps/restore-plan.ts';
import { plainDrill, plainRequest } from '../../support/facts.ts';
import { inPlace, reach, rehearse } from '../../support/rehearsed-machine.ts';

const input = { runId: 'r', request: { ...plainRequest, drill: plainDrill } };
const removed: PlanSummary = {
  ...inPlace,
  removes: null,
  stopsFirst: false,
  hasService: false,
  drill: 'remove',
};
const ofDrill = [
  'prepareTarget',
  'restoreBase',
  'restoreWal',
  'configureRecovery',
  'seal',
  'recover',
  'promote',
  'prove',
  'tearDown',
];

/** A drill that was agreed to, from its first phase that changes something on. */
async function begin(options: Parameters<typeof rehearse>[0] = {}) {
  const { machine, ran } = rehearse({ summary: removed, ...options });
  const actor = createActor(machine, { input }).start();
  await waitFor(actor, (snapshot) => snapshot.matches({ preparing: 'confirm' }));
  actor.send({ type: 'AGREE' });
  return { machine, actor, ran };
}

describe('the machine of a drill', () => {
  test('proves its database and removes it; nothing of a service is touched', async () => {
    const { actor, ran } = await begin();
    await reach(actor, 'completed');
    expect(ran).toEqual(ofDrill);
    expect(actor.getSnapshot().context.disproof).toBeNull();
  });

  test('that is kept is held after the proof, survives as JSON, and is removed when it is given up', async () => {
    const { actor, machine, ran } = await begin({ summary: { ...removed, drill: 'keep' } });
    await waitFor(actor, (snapshot) => snapshot.matches({ restoring: 'kept' }));
    expect(ran.at(-1)).toBe('prove');
    const saved = JSON.stringify(actor.getPersistedSnapshot());
    actor.stop();
    const again = createActor(machine, { input, snapshot: JSON.parse(saved) }).start();
    again.send({ type: 'ABANDON' });
    await reach(again, 'completed');
    expect(ran).toEqual(ofDrill);
  });

  test.for(ofDrill.filter((phase) => phase !== 'tearDown'))(
    'that disproves the backup in %s removes everything and has nothing to resume',
    async (phase) => {
      const { actor, ran } = await begin({ fails: phase, code: 'ARCHIVE_CORRUPT' });
      await reach(actor, 'completed');
      const { disproof, failure } = actor.getSnapshot().context;
      expect(disproof).toMatchObject({ code: 'ARCHIVE_CORRUPT', message: `${phase} failed` });
      expect(failure).toBeNull();
      expect(ran.at(-1)).toBe('tearDown');
      expect(ran).not.toContain(phase);
    },
  );

  test.for(ofDrill)('that meets trouble of its surroundings in %s can be resumed', async (phase) => {
    const { actor, ran } = await begin({ fails: phase, code: 'STORAGE_UNAVAILABLE' });
    await reach(actor, 'failed');
    expect(actor.getSnapshot().context.disproof).toBeNull();
    actor.send({ type: 'RESUME' });
    await reach(actor, 'completed');
    expect(new Set(ran)).toEqual(new Set(ofDrill));
  });

  test.for(ofDrill)('that failed in %s can be given up', async (phase) => {
    const { actor, ran } = await begin({ fails: phase });
    await reach(actor, 'failed');
    actor.send({ type: 'ABANDON' });
    await reach(actor, 'completed');
    expect(ran.at(-1)).toBe('tearDown');
  });

  test('that could not remove everything says so, and goes on removing when it is resumed', async () => {
    const { actor, ran } = await begin({ fails: 'tearDown', code: 'VERIFICATION_FAILED' });
    await reach(actor, 'failed');
    actor.send({ type: 'RESUME' });
    await reach(actor, 'completed');
    expect(ran.filter((phase) => phase === 'tearDown')).toHaveLength(1);
  });

  test('tells a bad backup from a restore that failed: that one stays resumable', async () => {
    const { actor, ran } = await begin({
      summary: { ...removed, drill: null },
      fails: 'restoreBase',
      code: 'ARCHIVE_CORRUPT',
    });
    await reach(actor, 'failed');
    expect(actor.getSnapshot().context).toMatchObject({
      disproof: null,
      failure: { code: 'ARCHIVE_CORRUPT' },
    });
    expect(ran).not.toContain('tearDown');
  });
});
