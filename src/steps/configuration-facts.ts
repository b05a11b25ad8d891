import type { BackupContents } from '../backup/base-backup.ts';
import { readConfigurationFiles } from '../backup/configuration-files.ts';
import { type ConfigurationEdit, describeEdit } from '../postgres/edit-configuration.ts';
import { changesOf, findLeftovers } from '../postgres/leftovers/find-leftovers.ts';
import { openAccess } from '../postgres/leftovers/host-access.ts';
import { lookedAtPaths, preloadSettings } from '../postgres/leftovers/looked-at-paths.ts';
import { isMissingLocale } from '../postgres/leftovers/rules.ts';
import { originOf, type ServerView } from '../postgres/leftovers/server-view.ts';
import {
  autoFile,
  type ConfigurationFiles,
  insideDataDirectory,
  isOn,
  readServerConfiguration,
  splitList,
} from '../postgres/server-configuration.ts';
import type { ServerInventory } from '../service/server-inventory.ts';
import type { LauncherSpec } from '../service/server-launcher.ts';
import type { ServiceFacts, ServiceMount } from '../service/service.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import {
  isMounted,
  type PlannedConfiguration,
  type PlannedServer,
  type SourceConfiguration,
  shownSettings,
} from './planned-configuration.ts';
import type { RestoreRequest } from './restore-request.ts';
import type { StepContext } from './step.ts';

export interface ConfigurationFacts {
  readonly server: PlannedServer;
  readonly configuration: PlannedConfiguration;
}

/** What the server has, and what will become of the backup's configuration on it, before anything is restored. */
export async function gatherConfiguration(
  {
    request,
    service,
    dataMount,
    launcher,
    pgdata,
  }: {
    request: Pick<RestoreRequest, 'overrideFile' | 'keepsConfiguration'>;
    service: ServiceFacts;
    dataMount: ServiceMount | null;
    launcher: LauncherSpec;
    pgdata: string;
  },
  { storage, contents }: { storage: ObjectStorage; contents: BackupContents },
  context: StepContext,
): Promise<ConfigurationFacts> {
  const texts = await readIfPossible(storage, contents, context.signal);
  const files = texts === null ? null : filesOf(texts);
  const serviceMounts = service.mounts
    .map(({ destination }) => destination.replace(/\/$/, ''))
    .filter((destination) => destination !== dataMount?.destination.replace(/\/$/, ''));
  const wanted = files === null ? [] : lookedAtPaths(await readServerConfiguration(files, pgdata), pgdata);
  const visible = wanted.filter(
    (path) => insideDataDirectory(pgdata, path, pgdata) === null && !isMounted(path, serviceMounts),
  );
  const inventory = await context.ports.inspectServer(launcher, [...new Set(visible)], context.signal);
  const view: ServerView = { ...viewOf(inventory, launcher), dataDirectory: pgdata };
  return {
    server: {
      version: inventory.version,
      libc: inventory.libc,
      icu: inventory.icu,
      localeCount: inventory.locales?.length ?? null,
    },
    configuration: {
      isKept: request.keepsConfiguration ?? false,
      serviceMounts,
      source:
        files === null
          ? null
          : await planFor(files, view, {
              replacesAuto: request.overrideFile !== null,
              superuser: service.superuser ?? 'postgres',
              systemUser: inventory.user ?? '',
            }),
    },
  };
}

/** What the rules need to know of an installation, but where the data directory is. */
export const viewOf = (
  { libraries, locales, paths }: ServerInventory,
  { kind }: Pick<LauncherSpec, 'kind'>,
): Omit<ServerView, 'dataDirectory'> => ({
  // What is known of a server elsewhere is the official image's.
  kind: kind === 'local' ? 'local' : 'container',
  libraries: libraries === null ? null : new Set(libraries),
  locales,
  paths: new Map(Object.entries(paths)),
});

/** A hint for the plan, never a reason to refuse: what is wrong with an archive shows when it is restored. */
async function readIfPossible(
  storage: ObjectStorage,
  contents: BackupContents,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | null> {
  if (contents.problems.length > 0) return null;
  try {
    return await readConfigurationFiles(storage, contents, signal);
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

const filesOf = (texts: Readonly<Record<string, string>>): ConfigurationFiles => ({
  read: async (path) => texts[path] ?? null,
  list: async (path) => {
    const names = Object.keys(texts).filter((name) => name.startsWith(`${path}/`));
    return names.length === 0 ? null : names.map((name) => name.slice(path.length + 1));
  },
});

async function planFor(
  files: ConfigurationFiles,
  view: ServerView,
  access: { replacesAuto: boolean; superuser: string; systemUser: string },
): Promise<SourceConfiguration> {
  // What the operator gives in its place is not in the backup.
  const own: ConfigurationFiles = access.replacesAuto
    ? { ...files, read: async (path) => (path === autoFile ? null : files.read(path)) }
    : files;
  const configuration = await readServerConfiguration(own, view.dataDirectory);
  const origin = originOf(configuration);
  const edits = (await findLeftovers(own, view, { kept: new Set() })).filter(
    // The file may only be further behind in the archive.
    ({ rule }) => rule !== 'include',
  );
  const edited = await readServerConfiguration(own, view.dataDirectory, changesOf(edits));
  const hba = edited.settings.has('hba_file') ? null : await own.read('pg_hba.conf');
  if (hba !== null) {
    const ident = (await own.read('pg_ident.conf')) ?? '';
    const ssl = isOn(edited.settings.get('ssl')?.value);
    edits.push(...openAccess({ ...access, kind: view.kind, origin, ssl, hba, ident }));
  }
  const valueOf = (name: string) => configuration.settings.get(name)?.value;
  const locales = ['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time'].map((name) => valueOf(name) ?? '');
  return {
    origin,
    files: configuration.files,
    settings: Object.fromEntries(
      shownSettings.flatMap((name) => {
        const value = valueOf(name);
        return value === undefined || value === '' ? [] : [[name, value]];
      }),
    ),
    missingLibraries: missingLibraries(edits, valueOf, (name) => edited.settings.get(name)?.value),
    missingLocales: [...new Set(locales)].filter((name) => isMissingLocale(name, view.locales)),
    edits: edits.map((edit) => ({ ...edit, text: describeEdit(edit) })),
  };
}

/** Those that the edits take out. */
function missingLibraries(
  edits: readonly ConfigurationEdit[],
  before: (name: string) => string | undefined,
  after: (name: string) => string | undefined,
): string[] {
  if (!edits.some(({ rule }) => rule === 'preload-libraries')) return [];
  const all = preloadSettings.flatMap((name) => {
    const left = splitList(after(name) ?? '');
    return splitList(before(name) ?? '').filter((library) => !left.includes(library));
  });
  return [...new Set(all)];
}
