import { basename } from 'node:path';
import { volumeName } from '../config/values.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { Confirmation } from '../run/run-api.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { Host } from './host.ts';
import { indented } from './render/text.ts';

/**
 * Asks the operator whether the data in the target may be removed; CHOICE_NEEDED where nobody can be asked. `isFixed`:
 * it is removed or the run ends, and there is no other target.
 */
export async function confirmPlan(
  plan: RestorePlan,
  host: Host,
  signal: AbortSignal,
  { isFixed }: { isFixed: boolean } = { isFixed: false },
): Promise<Confirmation> {
  const what = `The restore first removes ${plan.removes ?? `what is in ${plan.targetDescription}`}.`;
  if (!host.canAsk || !host.stderr.isTerminal) throw choiceNeeded(plan, what, isFixed);
  const width = host.stderr.columns() - 1;
  const say = (text: string, indent = 0): void =>
    host.stderr.write(`${indented(text, indent, width).join('\n')}\n`);
  const ask = async (prompt: string): Promise<string | null> => {
    let line: string | null = null;
    try {
      line = await host.readLine(prompt, signal);
    } finally {
      // Nobody pressed Enter: the cursor still stands behind the question.
      if (line === null) host.stderr.write('\n');
    }
    return line === null ? null : line.trim();
  };

  const offersVolume = !isFixed && canUseNewVolume(plan);
  say('');
  say(what);
  say('');
  say('1: remove it and restore in its place', 2);
  if (offersVolume) {
    say(
      `2: keep it, and restore into a new volume${plan.service.kind === 'none' ? '' : ', which the service uses afterwards'}`,
      2,
    );
  }
  say('3: stop here; nothing is touched', 2);
  for (;;) {
    const answer = await ask(offersVolume ? 'Choose 1, 2 or 3: ' : 'Choose 1 or 3: ');
    if (answer === null || answer === '3') return { answer: 'decline' };
    if (answer === '1') return (await agrees(plan, ask)) ? { answer: 'go' } : { answer: 'decline' };
    if (answer === '2' && offersVolume) {
      const name = await askVolumeName(plan, ask, say);
      return name === null ? { answer: 'decline' } : { answer: 'new-volume', name };
    }
  }
}

/** Asks whether what `what` says may be removed; CHOICE_NEEDED where nobody can be asked. */
export async function confirmRemoval(
  what: string,
  otherwise: string,
  host: Host,
  signal: AbortSignal,
): Promise<boolean> {
  if (!host.canAsk || !host.stderr.isTerminal) {
    throw new OdoError('CHOICE_NEEDED', what, {
      hint: `Agree beforehand with --yes, or ${otherwise}. Nothing was touched.`,
    });
  }
  const width = host.stderr.columns() - 1;
  host.stderr.write(`\n${indented(what, 0, width).join('\n')}\n\n`);
  const typed = await host.readLine('To do that, type yes: ', signal);
  if (typed === null) host.stderr.write('\n');
  return typed?.trim().toLowerCase() === 'yes';
}

type Ask = (prompt: string) => Promise<string | null>;

/** A single key is pressed too easily for something that cannot be taken back. */
async function agrees({ target }: RestorePlan, ask: Ask): Promise<boolean> {
  const names = target.kind === 'docker-volume' ? [target.volume] : [basename(target.path), target.path];
  const typed = await ask(`To remove the data, type ${names[0]} or yes: `);
  return typed !== null && (typed.toLowerCase() === 'yes' || names.includes(typed));
}

async function askVolumeName(
  plan: RestorePlan,
  ask: Ask,
  say: (text: string) => void,
): Promise<string | null> {
  const suggested = `odo-${plan.runId}-pgdata`;
  for (;;) {
    const typed = await ask(`Name of the new volume [${suggested}]: `);
    if (typed === null) return null;
    const name = typed === '' ? suggested : typed;
    if (volumeName.safeParse(name).success) return name;
    say(`A volume's name is letters, digits, _, . and -, and starts with a letter or digit.`);
  }
}

/** Only a volume can be exchanged, and only a Compose service (or nobody) can be pointed to the new one. */
const canUseNewVolume = ({ target, service }: RestorePlan): boolean =>
  target.kind === 'docker-volume' && (service.kind === 'compose' || service.kind === 'none');

function choiceNeeded(plan: RestorePlan, what: string, isFixed: boolean): OdoError {
  const other =
    !isFixed && canUseNewVolume(plan) ? ', or restore into a new one and keep it: -V NEW_VOLUME' : '';
  return new OdoError('CHOICE_NEEDED', what, {
    hint: `Nobody can be asked here. Agree beforehand with --yes or ODO_YES=1 (odo plan shows to what)${other}.`,
    details: { target: plan.targetDescription, removes: plan.removes },
  });
}
