import { nearest } from '../errors/nearest.ts';
import { errorCode, OdoError } from '../errors/odo-error.ts';
import type { RunStatus } from '../run/run-api.ts';
import type { CliApi } from './context.ts';

/** The run with this id; RUN_NOT_FOUND names the ids that were probably meant. */
export async function findRun(api: CliApi, journalFile: string, runId: string): Promise<RunStatus> {
  try {
    return await api.readStatus(journalFile, runId);
  } catch (error) {
    if (errorCode(error) !== 'RUN_NOT_FOUND') throw error;
    const near = nearest(runId, await api.listRunNames(journalFile), 3);
    if (near.length === 0) throw error;
    throw new OdoError('RUN_NOT_FOUND', `There is no run ${runId} in the journal ${journalFile}.`, {
      hint: `Did you mean ${near.join(' or ')}?`,
      details: { near },
      cause: error,
    });
  }
}
