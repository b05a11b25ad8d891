import { fileURLToPath } from 'node:url';
import { fromErrorData } from '../errors/serialize.ts';
import { type KeptPlace, keptPlaceRefused } from '../steps/kept-places.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import { parseStorageUrl } from '../storage/storage-url.ts';
import { realPathOf } from '../target/refusal.ts';
import { isJournalOfVolume } from './volume-journal.ts';

/** As in odo-version.ts: of a checkout as of an installed package. */
const installation = fileURLToPath(new URL('../..', import.meta.url));

export type KeptParts = Pick<RestoreRequest, 'source' | 'walUrl' | 'target'> &
  Partial<Pick<RestoreRequest, 'overrideFile' | 'binDir' | 'service' | 'signedPlan' | 'evidence'>>;

/** Everything of this run on this host that its target must leave alone. */
export async function keptPlaces(
  request: KeptParts,
  { journalFile, planFile }: { readonly journalFile: string; readonly planFile: string | null },
): Promise<KeptPlace[]> {
  const { evidence, service } = request;
  const named: readonly (readonly [what: string, path: string | null | undefined])[] = [
    [
      'The journal',
      journalFile === ':memory:' || isJournalOfVolume(request, journalFile) ? null : journalFile,
    ],
    ['The directory in which odo runs', process.cwd()],
    ['The installation of odo', installation],
    ['The program that runs odo', process.execPath],
    ...(evidence?.reports ?? []).map((file) => ['The report', file] as const),
    ['The metrics file', evidence?.metricsFile],
    ['The file that replaces postgresql.auto.conf', request.overrideFile],
    ['The plan', request.signedPlan?.file ?? planFile],
    ['The Compose file', service?.kind === 'compose' ? service.file : null],
    ['The directory of the programs of PostgreSQL', request.binDir],
  ];
  const places: KeptPlace[] = [];
  for (const [what, path] of named) {
    if (path != null) places.push({ what, path: await realPathOf(path), holdsNothing: false });
  }
  for (const [what, url] of [
    ['The directory of the backups', request.source.url],
    ['The directory of the WAL archive', request.walUrl],
  ] as const) {
    const parsed = url == null ? null : parseStorageUrl(url);
    if (parsed?.kind !== 'directory') continue;
    places.push({ what, path: await realPathOf(parsed.directory), holdsNothing: true });
  }
  return places;
}

/**
 * Opening the journal makes it, and a run that is refused leaves its reports, so that both would be in the target before the
 * preliminary checks could refuse it. They look at every target; this looks at what can be told without the engine.
 * @throws PRECONDITION_FAILED
 */
export async function refuseFilesInTarget(request: RestoreRequest, journalFile: string): Promise<void> {
  const { evidence } = request;
  if (!isJournalOfVolume(request, journalFile)) await refuseInTarget(request, 'The journal', journalFile);
  for (const file of evidence?.reports ?? []) await refuseInTarget(request, 'The report', file);
  if (evidence?.metricsFile != null) await refuseInTarget(request, 'The metrics file', evidence.metricsFile);
}

async function refuseInTarget(
  { target, tablespaces = [] }: RestoreRequest,
  what: string,
  file: string,
): Promise<void> {
  const place = { what, path: await realPathOf(file), holdsNothing: false };
  const directories = [
    ...(target.kind === 'data-directory' ? [target.path] : []),
    ...tablespaces.map(({ directory }) => directory),
  ];
  for (const description of directories)
    refuse(place, { description, location: await realPathOf(description) });
  if (target.kind === 'data-directory') return;
  // Where the engine of this host keeps a volume; Compose puts the project in front of its name.
  const [volumeRoot, volume] = /^.*\/volumes\/([^/]+)\/_data(?=\/)/.exec(place.path) ?? [];
  if (volumeRoot === undefined || volume === undefined) return;
  if (volume !== target.name && !volume.endsWith(`_${target.name}`)) return;
  refuse(place, { description: `volume ${volume}`, location: volumeRoot });
}

function refuse(place: KeptPlace, target: { description: string; location: string }): void {
  const error = keptPlaceRefused([place], target);
  if (error !== null) throw fromErrorData(error);
}
