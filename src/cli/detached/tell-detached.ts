import type { Host } from '../host.ts';
import type { JournalChoice } from '../journal-choice.ts';
import { writeJsonLine } from '../render/json-lines.ts';
import { watchLine } from '../watch-run.ts';
import type { DetachedRun } from './start-detached.ts';

/** Says how to watch and to stop a run that goes on without this process. */
export function tellDetached(host: Host, run: DetachedRun, journal: JournalChoice, json: boolean): void {
  const { status, ...facts } = run;
  if (json) return writeJsonLine(host, { type: status, ...facts });
  const lines = [
    `Run ${run.runId} goes on in the background, in process ${run.pid}.`,
    watchLine(run.runId, journal),
    `stop it:   kill -TERM ${run.pid}`,
    `its log:   ${run.log}`,
  ];
  host.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
