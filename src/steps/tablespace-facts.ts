import type { BaseBackup, Tablespace } from '../backup/base-backup.ts';
import type { LauncherSpec, ServerMount } from '../service/server-launcher.ts';
import type { ServiceFacts } from '../service/service.ts';
import type { TargetFacts, TargetSpec } from '../target/target.ts';
import { closedParentOf } from './closed-parent.ts';
import { type ResolvedTablespace, resolveTablespaces, tablespaceName } from './resolve-tablespaces.ts';
import type { ServerLayout } from './resolve-target.ts';
import type { RestoreRequest } from './restore-request.ts';
import type { StepContext } from './step.ts';

/** A directory or volume of its own, as it is now. */
export interface TablespacePlace {
  readonly target: TargetSpec;
  readonly mount: ServerMount | null;
  readonly facts: TargetFacts;
  /** Directory above it that the owner of the database may not enter. */
  readonly closedParent: string | null;
}

export interface TablespaceFacts {
  readonly tablespace: Tablespace;
  readonly serverPath: string;
  readonly path: string;
  /** Null: inside the data directory. */
  readonly place: TablespacePlace | null;
  /** What it could be restored to as well: `--tablespace …`; null when nothing offers itself. */
  readonly suggestion: string | null;
}

interface Surroundings {
  readonly request: RestoreRequest;
  readonly service: ServiceFacts;
  readonly layout: ServerLayout;
  readonly launcher: LauncherSpec | null;
  /** Of the data directory. */
  readonly target: TargetFacts;
}

/** Where every tablespace goes, and what is there now. Changes nothing. */
export async function gatherTablespaces(
  surroundings: Surroundings,
  backup: BaseBackup,
  context: StepContext,
): Promise<TablespaceFacts[]> {
  const all: TablespaceFacts[] = [];
  for (const { tablespace, serverPath, path, place } of resolveTablespaces(surroundings, backup)) {
    const suggestion = place === null ? await suggestionFor(surroundings, tablespace, context) : null;
    const looked = place === null ? null : await lookAt(place, surroundings.launcher, context);
    all.push({ tablespace, serverPath, path, place: looked, suggestion });
  }
  return all;
}

async function lookAt(
  { target, mount }: NonNullable<ResolvedTablespace['place']>,
  launcher: LauncherSpec | null,
  { ports, signal }: StepContext,
): Promise<TablespacePlace> {
  const facts = await (await ports.target(target)).inspect(signal);
  const closedParent =
    target.kind === 'data-directory' && launcher?.kind === 'local'
      ? await closedParentOf(target.path, launcher.owner)
      : null;
  return { target, mount, facts, closedParent };
}

/** A volume of the service that is mounted just where the tablespace used to be, and may be written to. */
async function suggestionFor(
  surroundings: Surroundings,
  tablespace: Tablespace,
  context: StepContext,
): Promise<string | null> {
  const { location } = tablespace;
  const { mounts } = surroundings.service;
  if (location === null || !mounts.some(({ destination }) => destination === location)) return null;
  const choice = { tablespace: tablespace.oid, directory: location };
  const request = { ...surroundings.request, tablespaces: [choice] };
  const alone = { id: '', tablespaces: [tablespace] };
  const [resolved] = resolvedOrNone({ ...surroundings, request }, alone);
  if (!resolved?.place) return null;
  const { facts } = await lookAt(resolved.place, surroundings.launcher, context);
  const place = { serverPath: location, facts };
  const isFree = facts.refusal === null && facts.heldByRun === null && facts.holds === 'nothing';
  if (!isFree && !isReplaced(place, surroundings.target, request)) return null;
  return `--tablespace ${tablespaceName(tablespace)}=${location}`;
}

/** A place that cannot be used is simply not suggested. */
function resolvedOrNone(...args: Parameters<typeof resolveTablespaces>): ResolvedTablespace[] {
  try {
    return resolveTablespaces(...args);
  } catch {
    return [];
  }
}

/**
 * Whether the place holds the tablespace of the very database that is replaced: a link of its data directory leads
 * there, it is of the same major, and the database does not stay (as it does with a new volume).
 */
export function isReplaced(
  place: { readonly serverPath: string; readonly facts: TargetFacts },
  data: TargetFacts,
  request: RestoreRequest,
): boolean {
  return (
    request.target.kind !== 'new-volume' &&
    place.facts.holds === 'tablespace' &&
    place.facts.serverMajor === data.serverMajor &&
    data.holds === 'data-directory' &&
    data.tablespaceLocations.includes(place.serverPath)
  );
}
