import { access, constants } from 'node:fs/promises';
import { listBackups } from '../backup/catalogue.ts';
import { OdoError } from '../errors/odo-error.ts';
import { refusals } from './checks.ts';
import { chooseBackup } from './choose-backup.ts';
import { closedParentOf } from './closed-parent.ts';
import type { PreflightFacts } from './facts.ts';
import { chooseLauncher } from './launcher-choice.ts';
import { proveReach } from './prove-reach.ts';
import { resolveTarget, serverLayout } from './resolve-target.ts';
import type { RestoreRequest } from './restore-request.ts';
import type { StepContext } from './step.ts';
import { gatherTablespaces } from './tablespace-facts.ts';

/** Looks at everything the checks and the plan need. Changes nothing. */
export async function gatherFacts(request: RestoreRequest, context: StepContext): Promise<PreflightFacts> {
  const { ports, signal } = context;
  for (const reading of request.readings ?? []) context.notice('info', reading);
  await requireOverrideFile(request.overrideFile);
  const service = await (await ports.service(request.service)).inspect(signal);

  const { storage, prefix } = await ports.source();
  const server = request.server === null ? {} : { server: request.server };
  const backups = await listBackups(storage, prefix, { ...server, signal });
  const { selection, contents } = await chooseBackup(request, { storage, backups }, context);

  const major = contents.backup.serverMajor;
  const layout = serverLayout(request, service, major);
  const targetSpec = resolveTarget(request, service, layout);
  const target = await (await ports.target(targetSpec)).inspect(signal);
  const launcher = await chooseLauncher(request, service, targetSpec, layout, major, ports);
  const facts: PreflightFacts = {
    gatheredAt: ports.now().toISOString(),
    contents,
    selectedBecause: selection.because,
    passedOver: selection.passedOver,
    service,
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
      contents.backup,
      context,
    ),
  };
  // Last, since it takes longest: it reads all of the WAL up to the target.
  const isRefused = refusals({ facts, request }).length > 0;
  return { ...facts, reach: isRefused ? null : await proveReach(facts, request, context) };
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
