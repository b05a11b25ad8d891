import { dirname } from 'node:path';
import { noServiceFacts } from '../../service/none.ts';
import { closedParentOf } from '../../steps/closed-parent.ts';
import type { DoctorRequest } from '../../steps/doctor-request.ts';
import { isWithin } from '../../steps/resolve-tablespaces.ts';
import { parentClosed, targetChecks } from '../../steps/target-checks.ts';
import { formatBytes } from '../../steps/units.ts';
import { type DirectoryProbe, probeDirectory } from '../../target/probe-directory.ts';
import type { TargetFacts } from '../../target/target.ts';
import type { Owner } from '../../target/tree.ts';
import { asTold, ofData, ok, problem, type Told, unchecked, warning } from './finding.ts';
import { ownerOf } from './rights.ts';
import type { Surroundings } from './surroundings.ts';

/** A journal of thousands of runs with their seek indexes. @unit bytes */
const journalNeedsBytes = 64 * 1024 ** 2;

export async function examineDisks(here: Surroundings): Promise<Told[]> {
  const { request, journalFile } = here;
  const [journal, target, drill] = await Promise.all([
    journalDisk(journalFile, request),
    examineTarget(here).catch((error: unknown) => {
      here.signal.throwIfAborted();
      return [asTold(error)];
    }),
    drillDisk(here),
  ]);
  return [...journal, ...target, ...drill];
}

async function journalDisk(journalFile: string, request: DoctorRequest): Promise<Told[]> {
  const directory = dirname(journalFile);
  const probe = await probeDirectory(directory, null);
  const broken = brokenBy(probe, 'the journal', 'Free it, or keep the journal elsewhere: --journal FILE');
  if (broken !== null) return [broken];
  const { target } = request;
  if (target?.kind === 'data-directory' && isWithin(journalFile, target.path)) {
    return [
      problem(
        `the journal ${journalFile} lies inside ${target.path}, which a restore empties`,
        'Keep it elsewhere: --journal FILE',
      ),
    ];
  }
  if (probe.freeBytes < journalNeedsBytes) {
    return [
      problem(
        `${directory} has ${formatBytes(probe.freeBytes)} free, too little for the journal`,
        'Free some space there, or keep the journal elsewhere: --journal FILE',
      ),
    ];
  }
  const elsewhere = 'Keep the journal on a local disk: --journal FILE';
  if (probe.kind === 'network') {
    return [
      warning(
        `the journal’s directory ${directory} is on a network file system, where SQLite’s locks may not hold`,
        elsewhere,
      ),
    ];
  }
  if (probe.kind === 'memory') {
    return [
      warning(
        `the journal’s directory ${directory} is in memory: after a reboot no run can be resumed`,
        elsewhere,
      ),
    ];
  }
  return [ok(`journal: ${placeOf(directory, probe)}`)];
}

async function examineTarget(here: Surroundings): Promise<Told[]> {
  const { request } = here;
  const facts = await here.target();
  if (facts === null || request.target === null) {
    if (request.drillDirectory !== null) return [];
    return [
      unchecked(
        'no target is configured, so none was looked at',
        'Say where to restore: odo doctor -v VOLUME, -V NEW_VOLUME or --data-dir DIR (or volume, new-volume, data-dir in odo.yaml)',
      ),
    ];
  }
  const owner = await ownerOf(here);
  const { target } = request;
  const closedParent =
    target.kind === 'data-directory' &&
    owner !== null &&
    request.service.kind !== 'compose' &&
    request.service.kind !== 'container'
      ? await closedParentOf(target.path, owner)
      : null;
  const service = await here.service().catch(() => noServiceFacts);
  const input = { facts: { target: facts, closedParent, tablespaces: [], service }, request: { target } };
  const refusals = [
    ...Object.values(targetChecks).map((check) => check(input)),
    closedParent === null ? null : parentClosed(facts.description, closedParent, owner),
  ].flatMap((refused) => (refused === null ? [] : [ofData(refused)]));
  // Of a place that can never be a target nothing else matters.
  if (facts.refusal !== null) return refusals;
  const findings =
    target.kind === 'data-directory'
      ? tried(target.path, await probeDirectory(target.path, owner), owner, request.reserveBytes)
      : [];
  const all = [...refusals, ...spaceFindings(facts, request), ...findings];
  const isWrong = all.some(({ level }) => level === 'problem');
  return isWrong ? all : [ok(`target: ${describe(facts)}`), ...all];
}

/** How much a restore takes is the backup's to say; below the reserve none is possible. */
function spaceFindings(
  { description, freeBytes, usedBytes }: TargetFacts,
  { target, reserveBytes }: DoctorRequest,
) {
  const available = freeBytes + (target?.kind === 'new-volume' ? 0 : usedBytes);
  if (available > reserveBytes) return [];
  return [
    problem(
      `${description} has room for ${formatBytes(available)}, and ${formatBytes(reserveBytes)} are kept free`,
      'Free some space there, choose another target, or lower --reserve',
    ),
  ];
}

function describe({
  description,
  exists,
  holds,
  serverMajor,
  usedBytes,
  freeBytes,
  access,
}: TargetFacts): string {
  const what = !exists
    ? 'does not exist yet'
    : holds === 'nothing'
      ? 'is empty'
      : `holds a data directory${serverMajor === null ? '' : ` of PostgreSQL ${serverMajor}`} (${formatBytes(usedBytes)}), which a restore replaces`;
  const way = access === 'direct' ? 'directly' : 'through the engine';
  return `${description} ${what}; ${formatBytes(freeBytes)} free; written ${way}`;
}

async function drillDisk({ request }: Surroundings): Promise<Told[]> {
  const { drillDirectory, reserveBytes } = request;
  if (drillDirectory === null) return [];
  const probe = await probeDirectory(drillDirectory, null);
  const findings = tried(drillDirectory, probe, null, reserveBytes);
  return findings.some(({ level }) => level === 'problem')
    ? findings
    : [ok(`drills: ${placeOf(drillDirectory, probe)}`), ...findings];
}

/** What the probe of a directory that a restore goes to has shown. */
function tried(path: string, probe: DirectoryProbe, owner: Owner | null, reserveBytes: number): Told[] {
  const broken = brokenBy(probe, path, 'Choose another directory, or mend that file system.');
  if (broken !== null) return [broken];
  if (probe.owning !== null && owner !== null) {
    return [
      problem(
        `files in ${probe.directory} cannot be given to the owner of the database, ${owner.uid}:${owner.gid} (${probe.owning})`,
        'Run odo as root, or name another owner: --owner UID:GID',
      ),
    ];
  }
  return [
    ...(probe.freeBytes > reserveBytes
      ? []
      : [warning(`${path}: only ${formatBytes(probe.freeBytes)} are free`, 'Free some space there.')]),
    ...(probe.directWriting === null
      ? []
      : [
          warning(
            `${path} is on a file system without O_DIRECT: large files are written through the page cache, which is slower`,
            'Nothing must be done; a local file system such as ext4 or XFS is faster.',
          ),
        ]),
    ...(probe.kind === 'memory'
      ? [
          warning(
            `${path} is in memory: what is restored is gone after a reboot`,
            'Choose a directory on a disk.',
          ),
        ]
      : []),
  ];
}

/** What makes a directory of no use at all; null when nothing does. */
function brokenBy({ directory, writing, syncing }: DirectoryProbe, what: string, fix: string): Told | null {
  if (writing !== null) {
    const reasons: Readonly<Record<string, string>> = {
      EROFS: 'its file system is mounted read-only',
      ENOSPC: 'its file system is full',
      EDQUOT: 'the quota is used up',
      EACCES: 'this user may not write there',
      EPERM: 'this user may not write there',
      ENOTDIR: 'it is not a directory',
    };
    return problem(`no file for ${what} can be made in ${directory}: ${reasons[writing] ?? writing}`, fix);
  }
  if (syncing !== null) {
    return problem(
      `${directory} cannot be synced (${syncing}), so nothing would be safe from a power cut`,
      fix,
    );
  }
  return null;
}

const placeOf = (path: string, { exists, freeBytes, directWriting }: DirectoryProbe): string =>
  `${path}${exists ? '' : ' (will be made)'} can be written and synced${directWriting === null ? ', also past the page cache' : ''}; ${formatBytes(freeBytes)} free`;
