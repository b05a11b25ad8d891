import { listCheckpoints } from '../../../src/journal/history.ts';
import type { JournalDatabase } from '../../../src/journal/open.ts';
import { listStepStates } from '../../../src/journal/steps.ts';

/** What odo had told on stdout when the disks' clock stood at `at`, at the latest. */
export interface Told {
  readonly at: number;
  readonly what:
    | { readonly type: 'checkpoint'; readonly phase: string; readonly item: string; readonly bytes: number }
    | { readonly type: 'completed'; readonly phase: string };
}

/** Null for an event that stands for nothing in the journal. */
export function toldBy(event: Record<string, unknown>): Told['what'] | null {
  const { type, phase, item, bytes, state } = event as Record<string, string> & { bytes: number };
  if (type === 'checkpoint') return { type, phase: phase ?? '', item: item ?? '', bytes };
  const isRecorded = type === 'phase' && state === 'completed' && phase !== 'confirm';
  return isRecorded ? { type: 'completed', phase: phase ?? '' } : null;
}

/** Of what had been told, that which the journal has forgotten. */
export function forgotten(journal: JournalDatabase, runId: string, told: readonly Told[]): Told['what'][] {
  const states = listStepStates(journal, runId);
  const checkpoints = listCheckpoints(journal, runId);
  const isCompleted = (name: string, instance: string) =>
    states.some((step) => step.name === name && step.instance === instance && step.state === 'completed');
  return told
    .map(({ what }) => what)
    .filter((what) => {
      if (what.type === 'completed') return !isCompleted(what.phase, '');
      const kept = checkpoints.find(({ name, instance }) => name === what.phase && instance === what.item);
      return (kept?.progress ?? -1) < what.bytes && !isCompleted(what.phase, what.item);
    });
}
