import { hostUser } from '../../service/local-binaries.ts';
import { identity } from '../../service/run-as.ts';
import type { Owner } from '../../target/tree.ts';
import { asTold, ok, problem, type Told } from './finding.ts';
import { needsBinaries, needsEngine, type Surroundings } from './surroundings.ts';

/** Who will own the files in a directory of this host, and run its server; null when that is not known yet. */
export async function ownerOf({ request, target, service }: Surroundings): Promise<Owner | null> {
  if (request.owner !== 'auto') return request.owner;
  const there = (await target().catch(() => null))?.owner ?? null;
  if (there !== null) return there;
  const ofService = (await service().catch(() => null))?.owner ?? null;
  if (ofService !== null || needsBinaries(request) === false) return ofService;
  const postgres = await hostUser('postgres');
  return postgres === null ? null : { uid: postgres.uid, gid: postgres.gid };
}

export async function examineRights(here: Surroundings): Promise<Told[]> {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined) {
    return [problem('this platform has no user ids, which PostgreSQL needs', 'Run odo on Linux.')];
  }
  const { request } = here;
  const me = uid === 0 ? 'root' : `uid ${uid}`;
  // Through an engine it is the engine that writes.
  if (request.target?.kind !== 'data-directory' || needsEngine(request) === true) {
    return [
      ok(
        uid === 0
          ? 'odo runs as root'
          : `odo runs as ${me}: into directories it restores only what that user shall own`,
      ),
    ];
  }
  const owner = await ownerOf(here);
  if (owner === null) {
    return uid === 0
      ? [
          problem(
            'this host has no user postgres, and PostgreSQL does not run as root',
            'Create one, or name who shall own the data directory: --owner UID:GID',
          ),
        ]
      : [ok(`odo runs as ${me}, which will own the files (${uid}:${gid})`)];
  }
  try {
    identity(owner);
  } catch (error) {
    return [asTold(error)];
  }
  return [ok(`odo runs as ${me}; the files will be owned by ${owner.uid}:${owner.gid}`)];
}
