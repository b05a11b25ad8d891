import type { Command } from 'commander';
import type { RunOutcome, RunSurroundings } from '../../run/run-api.ts';
import type { CliContext } from '../context.ts';
import type { FollowOptions } from '../follow-run.ts';
import { isOn } from '../options.ts';
import { type DetachableWork, doWork } from './messages.ts';
import { type DetachedRun, startDetached } from './start-detached.ts';

/** Works on a run in this process, or with `--detach` in one of its own. */
export function doDetachable(
  { api, secrets }: CliContext,
  command: Command,
  { access, verbose, heading }: FollowOptions,
  work: DetachableWork,
  surroundings: RunSurroundings,
): Promise<RunOutcome | DetachedRun> {
  if (!isOn(command, 'detach')) return doWork(api, work, surroundings);
  return startDetached({ work, access, verbose, heading, secrets: secrets.list() }, surroundings);
}
