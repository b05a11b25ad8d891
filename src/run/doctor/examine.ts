import { isAbort } from '../../errors/odo-error.ts';
import type { DoctorRequest } from '../../steps/doctor-request.ts';
import type { SourceCredentials } from '../../storage/credentials.ts';
import { examineDisks } from './disk.ts';
import { examineCompose, examineEngine } from './engine.ts';
import { type Area, areas, asTold, type Finding, inArea, problem, type Told } from './finding.ts';
import { examineJournalFile } from './journal.ts';
import { examineClock, examineNode } from './machine.ts';
import { examinePrograms } from './programs.ts';
import { examineRights } from './rights.ts';
import { examineServer } from './server.ts';
import { examineStores } from './store.ts';
import { openSurroundings } from './surroundings.ts';

/** What a command gives to the examination. */
export interface DoctorSurroundings {
  readonly journalFile: string;
  readonly credentials: SourceCredentials | null;
  readonly signal: AbortSignal;
  /** Called in the order of `areas`, as soon as an area and all before it are done. */
  readonly onFinding: (finding: Finding) => void;
}

/** Looks at everything that a restore needs, without changing anything. What cannot be looked at is a finding. */
export async function examine(request: DoctorRequest, surroundings: DoctorSurroundings): Promise<void> {
  const { journalFile, credentials, signal, onFinding } = surroundings;
  const here = openSurroundings(request, { journalFile, credentials, signal });
  const examinations: Readonly<Record<Area, () => Promise<Told[]>>> = {
    settings: async () =>
      request.misfits.map((sentence) => problem(sentence, 'All options: odo doctor --help')),
    node: async () => examineNode(),
    rights: () => examineRights(here),
    clock: () => examineClock(here),
    journal: () => examineJournalFile(here),
    disk: () => examineDisks(here),
    programs: () => examinePrograms(here),
    server: () => examineServer(here),
    engine: () => examineEngine(here),
    compose: () => examineCompose(here),
    store: () => examineStores(here),
  };
  // All at once: most of the time is waiting for a store that does not answer.
  const all = areas.map(async (area) => {
    try {
      return inArea(area, await examinations[area]());
    } catch (error) {
      if (isAbort(error)) throw error;
      return inArea(area, [asTold(error)]);
    }
  });
  // The first to be interrupted is the first that is told; the others must not end unheard.
  for (const one of all) one.catch(() => {});
  for (const one of all) for (const finding of await one) onFinding(finding);
}
