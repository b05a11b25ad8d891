import { errorCode, isAbort } from '../errors/odo-error.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import { fileSystemsOwn } from './direct-tree.ts';
import { readMarker } from './marker.ts';
import { markerFile, type TargetFacts } from './target.ts';
import type { Owner, Tree } from './tree.ts';

export type Contents = Pick<
  TargetFacts,
  'holds' | 'serverMajor' | 'systemIdentifier' | 'owner' | 'heldByRun'
>;

/** A tree that can also say whose its root is: what adapters have and steps do not need. */
export type OwnedTree = Tree & { owner(): Promise<Owner | null> };

export const noContents: Contents = {
  holds: 'nothing',
  serverMajor: null,
  systemIdentifier: null,
  owner: null,
  heldByRun: null,
};

const controlFileBytes = 8192; // PG_CONTROL_FILE_SIZE

/** What a target holds, without changing it. */
export async function describeContents(tree: OwnedTree): Promise<Contents> {
  const names = (await tree.list('')).map(({ name }) => name).filter((name) => !isOurs(name));
  const version = await readIfPossible(tree, 'PG_VERSION', 64);
  const control = await readIfPossible(tree, 'global/pg_control', controlFileBytes);
  const isDataDirectory = names.includes('PG_VERSION') || control !== null;
  return {
    holds: isDataDirectory ? 'data-directory' : names.length > 0 ? 'other-files' : 'nothing',
    serverMajor: version === null ? null : majorOf(version),
    systemIdentifier: control === null ? null : systemIdentifierOf(control),
    owner: isDataDirectory ? await tree.owner() : null,
    heldByRun: await readMarker(tree),
  };
}

/** odo's marker, its work directory, files it was writing when it was killed. */
function isOurs(name: string): boolean {
  return (
    name === fileSystemsOwn || name === markerFile || name.startsWith('.odo-') || name.endsWith('.odo-tmp')
  );
}

/** Null also for what is no file, is too large or cannot be read: it is then not what it looks like. */
async function readIfPossible(tree: Tree, path: string, maxBytes: number): Promise<Buffer | null> {
  try {
    const bytes = await tree.readFile(path, maxBytes);
    return bytes && Buffer.from(bytes);
  } catch (error) {
    const code = errorCode(error);
    if (isAbort(error) || code === undefined || code === 'ENGINE_FAILED') throw error;
    return null;
  }
}

function majorOf(version: Buffer): number | null {
  const major = Number.parseInt(version.toString(), 10);
  return Number.isSafeInteger(major) && major > 0 ? major : null;
}

/** A control file that is damaged or of an unknown version does not tell. */
function systemIdentifierOf(control: Buffer): string | null {
  try {
    return parseControlFile(control).systemIdentifier;
  } catch (error) {
    if (errorCode(error) === 'FORMAT_UNKNOWN') return null;
    throw error;
  }
}
