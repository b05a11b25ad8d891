import type { Command } from 'commander';
import { resolveCredentials } from '../config/credentials.ts';
import { toDrillRequest } from '../config/drill-request.ts';
import type { LoadedSettings } from '../config/load.ts';
import { type ConfigProblem, configInvalid } from '../config/problem.ts';
import { toSource } from '../config/request.ts';
import type { SettingKey } from '../config/schema.ts';
import { OdoError } from '../errors/odo-error.ts';
import { type ErrorData, toErrorData } from '../errors/serialize.ts';
import type { DatabaseDrill } from '../run/drill-many.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import type { CliContext } from './context.ts';
import { namedPath } from './named-path.ts';
import { loadFor } from './options.ts';

/** A database, with what is to be drilled of it, or why it cannot be. */
export type DatabaseToDrill =
  | { readonly database: string; readonly drill: DatabaseDrill; readonly error: null }
  | { readonly database: string; readonly drill: null; readonly error: ErrorData };

/** Which databases are meant: the named ones, or all of odo.yaml, or all servers below the URL. */
export interface Chosen {
  readonly names: readonly string[];
  /** They are servers below the URL, not entries of odo.yaml. */
  readonly areServers: boolean;
}

export async function chooseDatabases(
  loaded: LoadedSettings,
  named: readonly string[],
  { api }: CliContext,
  signal: AbortSignal,
): Promise<Chosen> {
  if (named.length > 0) return { names: [...new Set(named)], areServers: false };
  if (loaded.databases.length > 0) return { names: loaded.databases, areServers: false };
  const { server, walUrl } = loaded.settings;
  if (server !== null) {
    throw new OdoError(
      'USAGE',
      `--all drills every server below the URL, but ${loaded.provenance.server} names one.`,
      { hint: 'Leave one of them out, or name databases in odo.yaml: docs/many-databases.md' },
    );
  }
  const credentials = resolveCredentials(loaded);
  const names = await api.listAvailableServers({
    source: toSource(loaded),
    ...{ server, walUrl, credentials, signal },
  });
  if (names.length > 0) return { names, areServers: true };
  throw new OdoError(
    'USAGE',
    `There is nothing to tell databases apart: ${loaded.settings.url} is one place.`,
    {
      hint: 'Leave out --all, or name databases in odo.yaml: docs/many-databases.md',
    },
  );
}

/** The settings and the request of each. A file that is not valid is told for all of them at once. */
export function databasesToDrill(
  command: Command,
  keys: readonly SettingKey[],
  { names, areServers }: Chosen,
  loaded: LoadedSettings,
  context: CliContext,
): DatabaseToDrill[] {
  const problems: ConfigProblem[] = [];
  const loadedOf = (database: string): LoadedSettings | null => {
    try {
      return areServers ? asServer(loaded, database) : loadFor(command, keys, context, { database });
    } catch (error) {
      if (!(error instanceof OdoError) || error.code !== 'CONFIG_INVALID') throw error;
      problems.push(...(error.details?.problems as readonly ConfigProblem[]));
      return null;
    }
  };
  const all = names.map((database) => ({ database, own: loadedOf(database) }));
  if (problems.length > 0) throw configInvalid(distinct(problems));
  return all.flatMap(({ database, own }) => (own === null ? [] : toDrillOf(database, own, context.host.cwd)));
}

const asServer = (loaded: LoadedSettings, server: string): LoadedSettings => ({
  ...loaded,
  settings: { ...loaded.settings, server },
  provenance: { ...loaded.provenance, server: 'found below the URL' },
  database: server,
});

/** What does not fit together in one keeps no other from being drilled. */
function toDrillOf(database: string, loaded: LoadedSettings, cwd: string): DatabaseToDrill {
  try {
    const request = apart(toDrillRequest(loaded, cwd), database);
    const { notifySecret } = loaded.settings;
    const drill = { database, request, credentials: resolveCredentials(loaded), notifySecret };
    return { database, drill, error: null };
  } catch (error) {
    if (!(error instanceof OdoError)) throw error;
    return { database, drill: null, error: toErrorData(error) };
  }
}

/** With a key and reports of its own; the metrics of all stand in one file. */
function apart(request: RestoreRequest, database: string): RestoreRequest {
  const { runKey = null, evidence } = request;
  const keyed = { ...request, runKey: runKey === null ? null : `${runKey}/${database}` };
  if (evidence === undefined) return keyed;
  const reports = evidence.reports.map((file) => namedPath(file, database));
  return { ...keyed, evidence: { ...evidence, reports } };
}

function distinct(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const texts = new Set<string>();
  return problems.filter((problem) => {
    const text = JSON.stringify(problem);
    return texts.size !== texts.add(text).size;
  });
}
