import { expect, test } from 'vitest';
import { acquireLease, findRun, releaseLease } from '../../../src/journal/runs.ts';
import { abandonRun, resumeRun } from '../../../src/run/executor.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { journalWithRun } from '../../support/run-journal.ts';

const asItIs = { redo: [], takeOver: false, move: null };

test.for([
  { how: 'odo resume', act: (journal: Parameters<typeof resumeRun>[1]) => resumeRun('r', journal, asItIs) },
  {
    how: 'odo abandon',
    act: (journal: Parameters<typeof resumeRun>[1]) =>
      abandonRun('r', journal, { takeOver: false, confirmed: true }),
  },
])(
  'what another odo finished between the look at a run and its lease is not undone by $how',
  async ({ act }) => {
    await using journal = await journalWithRun();
    journal.plan(samplePlan);
    journal.records.setStatus('failed', { code: 'STEP_FAILED', message: 'It broke.', causes: [] });
    journal.release();

    const late = act(journal.surroundings); // has looked at the run, and not taken its lease
    const options = { nowMs: 0, expiresAtMs: 1, takeOver: false, isDead: () => false };
    const epoch = acquireLease(journal.database, 'r', currentExecutor(), options);
    journal.database.prepare("UPDATE run SET status = 'completed', error = NULL").run();
    releaseLease(journal.database, 'r', epoch);

    await expect(late).rejects.toMatchObject({
      code: 'RUN_HELD',
      message: 'Another odo has just worked on run r.',
    });
    expect(findRun(journal.database, 'r')).toMatchObject({ status: 'completed', abandonedAtMs: null });
  },
);
