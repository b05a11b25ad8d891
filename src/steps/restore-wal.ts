import type { WalPlan } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import { fetchArchive } from './fetch-archive.ts';
import { bringAllWal } from './hand-over-wal.ts';
import { handedWalFolder, walFolder } from './layout.ts';
import { contentOf, placeWalEntry } from './place-entry.ts';
import type { Step, StepContext, StepFacts } from './step.ts';
import { openFeeder } from './wal-feeding.ts';
import { openWorkTree } from './work-tree.ts';

/**
 * Brings the WAL that recovery will ask for first into the work directory, as much as the spool takes; the rest
 * follows while a server replays it. What the backup itself holds (`pg_wal.tar`) comes all at once, and so does everything
 * for a server that odo will not feed: into the data directory then.
 */
export const restoreWal: Step = {
  name: 'restoreWal',
  version: 1,
  async run(context) {
    const { contents, preparesOnly } = context.plan();
    const { wal } = contents;
    if (wal === null) throw new OdoError('BUG', 'The plan has no WAL.');
    if (wal.source === 'backup') return fetchFromBackup(context);
    return preparesOnly === true ? bringAllWal(context, wal) : fetchFromArchive(context, wal);
  },
};

async function fetchFromBackup(context: StepContext): Promise<StepFacts> {
  const plan = context.plan();
  const target = await context.ports.target(plan.target);
  const isHandedOver = plan.preparesOnly === true;
  const folder = isHandedOver ? handedWalFolder : walFolder;
  const tree = isHandedOver ? await target.dataTree(context.runId) : await openWorkTree(context, target);
  const archives = plan.contents.archives.filter((archive) => contentOf(archive) === 'wal');
  const total = archives.reduce((sum, archive) => sum + archive.sizeBytes, 0);
  let files = 0;
  let bytes = 0;
  for (const archive of archives) {
    const result = await fetchArchive(context, {
      archive,
      tree,
      signal: context.signal,
      place: (entry) => placeWalEntry(entry, folder),
      onProgress: (done) => context.progress({ unit: 'bytes', done, total, item: archive.name }),
    });
    files += result.files;
    bytes += result.outputBytes;
  }
  return { files, bytes };
}

/** What the spool holds is looked at and not remembered: a feeder may have removed what an earlier attempt brought. */
async function fetchFromArchive(context: StepContext, { objects }: WalPlan): Promise<StepFacts> {
  // A run that goes on to another target: what comes next is told by its server, and the spool is not at its beginning.
  if (context.outputOf('recover') !== null) return { segments: 0, ofSegments: objects.length, bytes: 0 };
  const target = await context.ports.target(context.plan().target);
  let bytes = 0;
  const feeder = await openFeeder(context, await openWorkTree(context, target), {
    onBrought: (item, broughtBytes, files) => {
      bytes += broughtBytes;
      context.progress({ unit: 'segments', done: files, total: objects.length, item });
    },
  });
  try {
    const segments = await feeder.fill();
    return { segments, ofSegments: objects.length, bytes };
  } finally {
    await feeder.close();
  }
}
