import { OdoError } from '../errors/odo-error.ts';
import { withPassword } from '../postgres/conninfo.ts';
import { autoFile } from '../postgres/server-configuration.ts';
import { formatSettings } from '../postgres/setting-line.ts';
import type { Tree } from '../target/tree.ts';
import type { StandbyRequest } from './restore-request.ts';
import type { StepContext } from './step.ts';
import { TreeConfiguration } from './tree-configuration.ts';

export const standbySignal = 'standby.signal';

const [begin, end] = ['# odo: this standby follows its primary', '# odo: end of what makes it a standby'];

/**
 * Writes into postgresql.auto.conf whom a standby follows: last, so that it wins over what the backup says. The password
 * is nowhere else, and the file is its owner's alone. Idempotent.
 */
export async function followPrimary(
  context: StepContext,
  tree: Tree,
  standby: StandbyRequest,
): Promise<void> {
  const password = context.ports.primaryPassword();
  if (standby.hasPassword === true && password === null) {
    throw new OdoError(
      'PRECONDITION_FAILED',
      'The run was started with a password for the primary, which is not kept, and now there is none.',
      { hint: 'Give it again in ODO_PRIMARY_PASSWORD (environment or .env) and resume the run.' },
    );
  }
  const { primaryConninfo, primarySlot } = standby;
  const settings = {
    primary_conninfo: password === null ? primaryConninfo : withPassword(primaryConninfo, password),
    ...(primarySlot === null ? {} : { primary_slot_name: primarySlot }),
    // A primary that was promoted meanwhile is followed too.
    recovery_target_timeline: 'latest',
    // Or nobody could ask whether it streams.
    hot_standby: 'on',
  };
  const files = new TreeConfiguration(tree);
  const former = withoutBlock((await files.read(autoFile)) ?? '');
  const separator = former === '' || former.endsWith('\n') ? '' : '\n';
  const block = Buffer.from(`${begin}\n${formatSettings(settings)}${end}\n`, 'utf8').toString('latin1');
  await files.write(autoFile, `${former}${separator}${block}`);
}

/** Takes out what an earlier attempt wrote, in front of whoever looks for leftovers of the source. */
export async function stopFollowing(tree: Tree): Promise<void> {
  const files = new TreeConfiguration(tree);
  const text = await files.read(autoFile);
  if (text !== null) await files.write(autoFile, withoutBlock(text));
}

function withoutBlock(text: string): string {
  const from = text.indexOf(`${begin}\n`);
  const to = text.indexOf(`${end}\n`);
  return from < 0 || to < from ? text : text.slice(0, from) + text.slice(to + end.length + 1);
}
