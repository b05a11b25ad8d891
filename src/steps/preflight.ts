import { access, constants } from 'node:fs/promises';
import type { BaseBackup } from '../backup/base-backup.ts';
import { listBackups } from '../backup/catalogue.ts';
import type { WalReach } from '../backup/prove-wal.ts';
import { isGapBehindConsistency } from '../backup/wal-problems.ts';
import { needsRecords } from '../backup/wal-scan/scan-jobs.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ServiceFacts } from '../service/service.ts';
import { type CheckName, refusals } from './checks.ts';
import { chooseBackup } from './choose-backup.ts';
import { closedParentOf } from './closed-parent.ts';
import { gatherConfiguration } from './configuration-facts.ts';
import type { PreflightFacts } from './facts.ts';
import { chooseLauncher } from './launcher-choice.ts';
import { proveReach } from './prove-reach.ts';
import { resolveTarget, serverLayout } from './resolve-target.ts';
import type { RestoreRequest } from './restore-request.ts';
import type { StepContext } from './step.ts';
import { gatherTablespaces } from './tablespace-facts.ts';

/**
 * Looks at everything the checks and the plan need. Changes nothing. `unasked`: checks that do not count, so that what
 * they would refuse does not keep the WAL from being read.
 */
export async function gatherFacts(
  request: RestoreRequest,
  context: StepContext,
  unasked: readonly CheckName[] = [],
): Promise<PreflightFacts> {
  const { ports, signal } = context;
  for (const reading of request.readings ?? []) context.notice('info', reading);
  await requireOverrideFile(request.overrideFile);
  const service = await (await ports.service(request.service)).inspect(signal);

  const { storage, prefix } = await ports.source();
  const server = request.server === null ? {} : { server: request.server };
  const backups = await listBackups(storage, prefix, { ...server, signal });
  const surroundings = new Map<string, Surroundings>();
  const reaches = new Map<string, WalReach>();
  const { selection, contents } = await chooseBackup(request, { storage, backups }, context, async (seen) => {
    const found = await gatherSurroundings(request, service, seen.backup, context);
    surroundings.set(seen.backup.id, found);
    // Last, since it takes longest: it reads all of the WAL up to the target.
    if (isRefusedAnyway({ contents: seen, service, ...found }, request, unasked))
      return { proof: null, problem: null };
    const reach = await proveReach(seen, found.launcher.serverMajor, request, context);
    if (reach !== null) reaches.set(seen.backup.id, reach);
    return { proof: reach?.proof ?? null, problem: reach?.problem ?? null };
  });
  const { id } = contents.backup;
  const found =
    surroundings.get(id) ?? (await gatherSurroundings(request, service, contents.backup, context));
  const { dataMount, pgdata } = found;
  const launcher = found.launcher.spec;
  const place = { storage, contents };
  return {
    contents,
    keptPlaces: await ports.keptPlaces(),
    selectedBecause: selection.because,
    passedOver: selection.passedOver,
    service,
    ...found,
    configuration:
      // A drill's database runs on odo's own configuration, and the backup's is not changed for good.
      launcher === null || request.drill != null
        ? null
        : await gatherConfiguration({ request, service, dataMount, launcher, pgdata }, place, context),
    reach: reaches.get(id) ?? null,
  };
}

/** All that depends on the backup and is not in the store. */
type Surroundings = Omit<
  PreflightFacts,
  'contents' | 'keptPlaces' | 'selectedBecause' | 'passedOver' | 'service' | 'configuration' | 'reach'
>;

async function gatherSurroundings(
  request: RestoreRequest,
  service: ServiceFacts,
  backup: BaseBackup,
  context: StepContext,
): Promise<Surroundings> {
  const { ports, signal } = context;
  const major = backup.serverMajor;
  const layout = serverLayout(request, service, major);
  const targetSpec = resolveTarget(request, service, layout);
  const target = await (await ports.target(targetSpec)).inspect(signal);
  const launcher = await chooseLauncher(request, service, targetSpec, layout, major, ports);
  return {
    gatheredAt: ports.now().toISOString(),
    target,
    targetSpec,
    dataMount: layout.mount,
    pgdata: layout.pgdata,
    launcher,
    closedParent:
      targetSpec.kind === 'data-directory' && launcher.spec?.kind === 'local'
        ? await closedParentOf(targetSpec.path, launcher.spec.owner)
        : null,
    tablespaces: await gatherTablespaces(
      { request, service, layout, launcher: launcher.spec, target },
      backup,
      context,
    ),
  };
}

/** Without a word about the WAL: a hole behind the target does no harm, and only the WAL tells where the target is. */
function isRefusedAnyway(
  facts: Omit<PreflightFacts, 'passedOver'>,
  request: RestoreRequest,
  unasked: readonly CheckName[],
): boolean {
  const { contents } = facts;
  const { target } = request.recovery;
  const problems = needsRecords(target)
    ? contents.problems.filter((problem) => !isGapBehindConsistency(problem))
    : contents.problems;
  const asFound = { ...facts, passedOver: [], contents: { ...contents, problems } };
  return refusals({ facts: asFound, request }, unasked).length > 0;
}

/** Its absence has an exit code of its own, because scripts test for it. */
export async function requireOverrideFile(file: string | null): Promise<void> {
  if (file === null) return;
  try {
    await access(file, constants.R_OK);
  } catch (cause) {
    throw new OdoError(
      'OVERRIDE_FILE_MISSING',
      `The file ${file} that shall replace postgresql.auto.conf cannot be read.`,
      {
        hint: 'Create it, name another with -c FILE, or leave out -c.',
        cause,
      },
    );
  }
}
