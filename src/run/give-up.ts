import { OdoError } from '../errors/odo-error.ts';
import type { RunJournal } from '../journal/run-journal.ts';
import type { ServiceSpec } from '../service/service.ts';
import { plannedTrees } from '../steps/planned-trees.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RunBinding } from './bind-steps.ts';

/** What a run has made is its own to remove until its service uses it, or the last step hands it over. */
export function refuseHandedOver(journal: RunJournal): void {
  const steps = ['switchOver', 'startService', 'cleanUp'] as const;
  const begun = steps.find((step) => journal.findStep(step, '') !== null);
  if (begun === undefined) return;
  const { runId } = journal;
  throw new OdoError(
    'SERVICE_CONFLICT',
    begun === 'cleanUp'
      ? `Run ${runId} has restored the database, which is its operator's by now; giving it up would remove that.`
      : `Run ${runId} has brought the service to the restored data; giving it up would remove what is in use.`,
    { hint: `Finish it with: odo resume ${runId}` },
  );
}

/** Nothing is removed below a server that somebody else started. */
export async function refuseForeignUsers(
  { ports }: RunBinding,
  plan: RestorePlan,
  signal: AbortSignal,
): Promise<void> {
  for (const { target: spec, description } of plannedTrees(plan)) {
    const target = await ports.target(spec);
    const { liveUsers } = await target.inspect(signal);
    if (liveUsers.length === 0) continue;
    const data = await ports.target(plan.target);
    if (await (await ports.launcher(plan.launcher, data)).isRunning()) continue;
    const users = liveUsers.map((user) => user.description);
    throw new OdoError('TARGET_IN_USE', `${description} is in use by ${users.join(', ')}.`, {
      hint: 'Stop it first, then give the run up again.',
      details: { users },
    });
  }
}

/** What an operator must agree to: what goes, and what stays as it is. */
export function whatIsGivenUp(plan: RestorePlan, journal: RunJournal): string {
  const isCleaned = journal.findStep('prepareTarget', '')?.state === 'completed';
  const removed = ['its server', 'its work directories'];
  const stays: string[] = [];
  for (const { action, description } of plannedTrees(plan)) {
    if (action === 'create') removed.push(`${description}, which it made`);
    else if (action === 'fill' || isCleaned) {
      removed.push(`what it restored into ${description}`);
      stays.push(`${description} itself, which is empty then`);
    } else stays.push(`what there is in ${description} from before`);
  }
  const gone =
    isCleaned && plan.removes !== null ? ` Gone already, removed in the beginning: ${plan.removes}.` : '';
  if (journal.findStep('stopService', '') !== null) {
    const start = startCommand(plan.service);
    stays.push(
      `${plan.serviceDescription} stays stopped${start === null ? '' : `, and is started with: ${start}`}`,
    );
  }
  const ends = stays.length === 0 ? '' : ` What stays: ${stays.join('; ')}.`;
  return `Giving up run ${journal.runId} removes ${removed.slice(0, -1).join(', ')} and ${removed.at(-1)}.${gone}${ends}`;
}

/** Null: its operator knows. */
function startCommand(service: ServiceSpec): string | null {
  switch (service.kind) {
    case 'compose': {
      const project = service.project === null ? '' : ` -p ${service.project}`;
      return `docker compose -f ${service.file}${project} up -d ${service.service}`;
    }
    case 'container':
      return `docker start ${service.container}`;
    case 'local':
    case 'none':
      return null;
  }
}
