import { errorCode, isAbort } from '../errors/odo-error.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import { fileSystemsOwn } from './direct-tree.ts';
import { readMark } from './marker.ts';
import { markerFile, type TargetFacts } from './target.ts';
import type { Owner, Tree } from './tree.ts';

export type Contents = Pick<
  TargetFacts,
  'holds' | 'serverMajor' | 'systemIdentifier' | 'tablespaceLocations' | 'owner' | 'heldByRun'
>;

/** What adapters can also tell of a tree and steps do not need. */
export type OwnedTree = Tree & {
  /** Of the root; null when it is absent. */
  owner(): Promise<Owner | null>;
  /** What the symbolic links right under `path` point to; empty when it is absent. */
  linkTargets(path: string): Promise<string[]>;
};

export const noContents: Contents = {
  holds: 'nothing',
  serverMajor: null,
  systemIdentifier: null,
  tablespaceLocations: [],
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
  const tablespaceMajor = majorOfTablespace(names);
  const otherwise = names.length > 0 ? 'other-files' : 'nothing';
  return {
    holds: isDataDirectory ? 'data-directory' : tablespaceMajor === null ? otherwise : 'tablespace',
    serverMajor: version === null ? tablespaceMajor : majorOf(version),
    systemIdentifier: control === null ? null : systemIdentifierOf(control),
    tablespaceLocations: isDataDirectory
      ? await unlessUnreadable([], () => tree.linkTargets('pg_tblspc'))
      : [],
    owner: isDataDirectory ? await tree.owner() : null,
    heldByRun: (await readMark(tree))?.runId ?? null,
  };
}

/**
 * Servers of several majors may keep tablespaces in one directory, each in a subdirectory of its own, named by major
 * and catalogue version (catalog.h, TABLESPACE_VERSION_DIRECTORY). Null unless exactly one does.
 */
function majorOfTablespace(names: readonly string[]): number | null {
  const [, major] = /^PG_(\d+)_\d{9}$/.exec(names[0] ?? '') ?? [];
  return major === undefined || names.length > 1 ? null : Number(major);
}

/** odo's marker, its work directory, files it was writing when it was killed. */
function isOurs(name: string): boolean {
  return (
    name === fileSystemsOwn || name === markerFile || name.startsWith('.odo-') || name.endsWith('.odo-tmp')
  );
}

/** Null also for what is no file, is too large or cannot be read: it is then not what it looks like. */
function readIfPossible(tree: Tree, path: string, maxBytes: number): Promise<Buffer | null> {
  return unlessUnreadable(null, async () => {
    const bytes = await tree.readFile(path, maxBytes);
    return bytes && Buffer.from(bytes);
  });
}

async function unlessUnreadable<Value>(otherwise: Value, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    const code = errorCode(error);
    if (isAbort(error) || code === undefined || code === 'ENGINE_FAILED') throw error;
    return otherwise;
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
