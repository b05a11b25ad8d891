import { posix } from 'node:path';
import {
  applyEdits,
  type ConfigurationEdit,
  describeEdit,
  undoEdits,
} from '../postgres/edit-configuration.ts';
import { changesOf, findLeftovers } from '../postgres/leftovers/find-leftovers.ts';
import { type AccessView, openAccess } from '../postgres/leftovers/host-access.ts';
import { lookedAtPaths } from '../postgres/leftovers/looked-at-paths.ts';
import { editsForRefusal } from '../postgres/leftovers/refusals.ts';
import { type Origin, originOf, type PathFacts, type ServerView } from '../postgres/leftovers/server-view.ts';
import {
  autoFile,
  type ConfigurationFiles,
  insideDataDirectory,
  isOn,
  placeKey,
  readServerConfiguration,
  type ServerConfiguration,
} from '../postgres/server-configuration.ts';
import type { ServerInventory } from '../service/server-inventory.ts';
import type { ServerLauncher } from '../service/server-launcher.ts';
import type { Tree } from '../target/tree.ts';
import { viewOf } from './configuration-facts.ts';
import { isMounted } from './planned-configuration.ts';
import { configurationRefused, tryConfiguration } from './prove-configuration.ts';
import type { StepContext } from './step.ts';
import { TreeConfiguration } from './tree-configuration.ts';

const hbaFile = 'pg_hba.conf';
const identFile = 'pg_ident.conf';

export interface FittedConfiguration {
  readonly edits: readonly ConfigurationEdit[];
  /** Whether a start of the server proved it, for a person. */
  readonly proof: string;
}

/**
 * Makes the configuration of a restored data directory one that its server starts with: leftovers of the source are
 * commented in place, then the server itself is asked, by a start apart from the service. What it refuses and odo knows
 * a harmless answer to is edited too; anything else ends the step with the server's words. Idempotent: edits of an
 * earlier attempt are undone first.
 */
export async function fitConfiguration(
  context: StepContext,
  tree: Tree,
  launcher: ServerLauncher,
): Promise<FittedConfiguration> {
  const plan = context.plan();
  const files = new TreeConfiguration(tree);
  const kept = new Set(plan.override === null ? [] : [autoFile]);
  await undoOwnEdits(context, files, launcher.paths.dataDirectory);

  const { server, inventory, origin, isHidden } = await lookAtServer(
    context,
    files,
    launcher.paths.dataDirectory,
  );
  const edits = await findLeftovers(files, server, { kept });
  const originals = new Map<string, string>();
  const write = async (of: readonly ConfigurationEdit[]): Promise<void> => {
    for (const file of new Set(of.map((edit) => edit.file))) {
      const original = originals.get(file) ?? (await files.read(file)) ?? '';
      originals.set(file, original);
      await files.write(
        file,
        applyEdits(
          original,
          of.filter((edit) => edit.file === file),
          context.runId,
        ),
      );
    }
    await tree.own(plan.owner);
  };
  const asBefore: ConfigurationFiles = {
    read: async (path) => originals.get(path) ?? files.read(path),
    list: (path) => files.list(path),
  };
  const readEdited = (): Promise<ServerConfiguration> =>
    readServerConfiguration(asBefore, server.dataDirectory, changesOf(edits));

  const access = { kind: server.kind, origin, systemUser: inventory.user ?? '' };
  edits.push(...(await accessEdits(context, asBefore, await readEdited(), access)));
  await write(edits);
  if (plan.launcher.kind === 'elsewhere') return { edits, proof: 'none: the server is not odo’s to start' };
  if (isHidden)
    return { edits, proof: 'left to the service, which alone sees files that the configuration names' };
  for (;;) {
    const log = await tryConfiguration(context, launcher);
    if (log === null) return { edits, proof: 'the server started with it' };
    const more = editsForRefusal(log, await readEdited(), ({ file }) => !kept.has(file));
    // A line can be refused again for another member of its list, but never as it was put there.
    if (!mergeEdits(edits, more)) throw configurationRefused(log);
    await write(edits);
  }
}

/** Puts later edits in the place of earlier ones of the same line; false when that changes nothing. */
function mergeEdits(edits: ConfigurationEdit[], more: readonly ConfigurationEdit[]): boolean {
  let isChanged = false;
  for (const edit of more) {
    const index = edits.findIndex((other) => placeKey(other) === placeKey(edit));
    if (index >= 0 && edits[index]?.replacement === edit.replacement) continue;
    isChanged = true;
    edits.splice(index >= 0 ? index : edits.length, index >= 0 ? 1 : 0, edit);
  }
  return isChanged;
}

/** Each edit as an event. What an operator must act on is a warning. */
export function tellEdits(context: StepContext, edits: readonly ConfigurationEdit[]): void {
  for (const edit of edits) {
    context.notice(edit.rule === 'archive' ? 'warning' : 'info', `Configuration: ${describeEdit(edit)}.`);
  }
}

/** A killed attempt may have made some of them, from what the server was then. */
async function undoOwnEdits(
  { runId }: StepContext,
  files: TreeConfiguration,
  dataDirectory: string,
): Promise<void> {
  // Undoing an include brings more files to light.
  for (let before = -1, all: readonly string[] = []; all.length !== before; ) {
    before = all.length;
    all = [...(await readServerConfiguration(files, dataDirectory)).files, hbaFile];
    for (const file of all) {
      const text = await files.read(file);
      if (text !== null) await files.write(file, undoEdits(text, runId));
    }
  }
}

async function lookAtServer(
  context: StepContext,
  files: TreeConfiguration,
  dataDirectory: string,
): Promise<{
  server: ServerView;
  inventory: ServerInventory;
  origin: Origin | null;
  isHidden: boolean;
}> {
  const plan = context.plan();
  const configuration = await readServerConfiguration(files, dataDirectory);
  const wanted = [
    ...lookedAtPaths(configuration, dataDirectory),
    ...[hbaFile, identFile].map((file) => posix.join(dataDirectory, file)),
  ];
  const mounts = plan.configuration?.serviceMounts ?? [];
  const paths = new Map<string, PathFacts>();
  const elsewhere: string[] = [];
  let isHidden = false;
  for (const path of new Set(wanted)) {
    const inside = insideDataDirectory(dataDirectory, path, dataDirectory);
    if (inside !== null) paths.set(path, await files.factsOf(inside));
    else if (isMounted(path, mounts)) isHidden = true;
    else elsewhere.push(path);
  }
  const inventory = await context.ports.inspectServer(plan.launcher, elsewhere, context.signal);
  const view = viewOf(inventory, plan.launcher);
  const server = { ...view, dataDirectory, paths: new Map([...view.paths, ...paths]) };
  return { server, inventory, origin: originOf(configuration), isHidden };
}

async function accessEdits(
  context: StepContext,
  files: Pick<ConfigurationFiles, 'read'>,
  { settings }: ServerConfiguration,
  access: Pick<AccessView, 'kind' | 'origin' | 'systemUser'>,
): Promise<ConfigurationEdit[]> {
  // Another file is not of this data directory.
  if (settings.has('hba_file')) return [];
  const promoted = context.outputOf('promote')?.['superuser'];
  return openAccess({
    ...access,
    ssl: isOn(settings.get('ssl')?.value),
    superuser: typeof promoted === 'string' ? promoted : (context.plan().superuser ?? 'postgres'),
    hba: (await files.read(hbaFile)) ?? '',
    ident: (await files.read(identFile)) ?? '',
  });
}
