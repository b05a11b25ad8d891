import type { WalPlan } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ServerLauncher } from '../service/server-launcher.ts';
import type { WorkTree } from '../target/tree.ts';
import type { WalSource } from './fetch-wal-object.ts';
import { archivedNames, restoreScript } from './layout.ts';
import type { RecoveryObserver } from './recovery-server.ts';
import { namesInArchive, restoreScriptText } from './restore-command.ts';
import { spoolSegments } from './spool-size.ts';
import type { StepContext } from './step.ts';
import { StorePatience } from './store-patience.ts';
import { type FeederOptions, WalFeeder } from './wal-feeder.ts';
import { WalSpool } from './wal-spool.ts';
import { openWorkTree } from './work-tree.ts';

/** Through the engine each hand-over takes a while, whatever it hands over. @unit bytes */
const batchBytes = 16 * 1024 * 1024;

/** Where the archived WAL of a plan comes from, and what its segments must be. */
export async function walSourceOf({ ports, plan }: StepContext, wal: WalPlan): Promise<WalSource> {
  const archive = wal.isElsewhere ? await ports.walSource() : await ports.source();
  if (archive === null)
    throw new OdoError('BUG', 'The plan reads an archive that the request does not name.');
  const { contents, serverMajor } = plan();
  const { systemIdentifier } = contents.backup;
  const expected = { segmentBytes: wal.segmentBytes, systemIdentifier, serverMajor };
  return { ...archive, decoders: ports.decoders(plan()), expected };
}

/** A feeder on the spool in the run's work directory. */
export async function openFeeder(
  context: StepContext,
  tree: WorkTree,
  options: Pick<FeederOptions, 'onBrought'> = {},
): Promise<WalFeeder> {
  const plan = context.plan();
  const { contents, jobs, owner } = plan;
  const { wal } = contents;
  if (wal === null) throw new OdoError('BUG', 'The plan has no WAL.');
  const { signal, ports } = context;
  const { segmentBytes, objects } = wal;
  const source = await walSourceOf(context, wal);
  const patience = new StorePatience({ notice: context.notice, now: ports.now });
  const spool = await patience.run('The spool of WAL', signal, () =>
    WalSpool.open({ tree, owner, source, signal }, new Set(objects.map(({ name }) => name))),
  );
  const slots = spoolSegments(plan, wal);
  const batch = tree.localPath === null ? Math.min(batchBytes / segmentBytes, slots / (2 * jobs)) : 1;
  return WalFeeder.open({
    ...options,
    objects,
    spool,
    patience,
    slots,
    jobs,
    batch: Math.max(1, Math.floor(batch)),
    signal,
  });
}

/** Makes the work directory ready for a server, and feeds it as long as it runs. WAL of the backup itself is there. */
export async function feedRecovery(
  context: StepContext,
  launcher: ServerLauncher,
): Promise<RecoveryObserver> {
  const plan = context.plan();
  const tree = await openWorkTree(context, await context.ports.target(plan.target));
  await tree.writeFile(archivedNames, namesInArchive(plan), 0o600);
  await tree.writeFile(restoreScript, restoreScriptText(launcher.paths.workDirectory), 0o700);
  const feeder = plan.contents.wal?.source === 'archive' ? await openFeeder(context, tree) : null;
  await tree.own(plan.owner);
  if (feeder === null) return {};
  return {
    onLine: (line, event) => feeder.onLine(line, event),
    failed: feeder.failed,
    close: () => feeder.close(),
  };
}
