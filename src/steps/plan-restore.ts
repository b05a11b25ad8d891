import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OdoError } from '../errors/odo-error.ts';
import type { LauncherSpec } from '../service/server-launcher.ts';
import { automaticJobs, dataPlaneOptionsOf } from './data-plane-options.ts';
import type { DrillRequest } from './drill-request.ts';
import type { PreflightFacts } from './facts.ts';
import { officialOwner } from './launcher-choice.ts';
import { holdsOtherDatabase } from './other-database.ts';
import { planDigest } from './plan-digest.ts';
import type { SourceConfiguration } from './planned-configuration.ts';
import { recoveryOf } from './planned-recovery.ts';
import { inWords, tablespaceFolder } from './resolve-tablespaces.ts';
import type {
  FoundState,
  PlannedRecovery,
  PlannedSpace,
  PlannedTablespace,
  PlanSummary,
  RestorePlan,
  TargetAction,
} from './restore-plan.ts';
import type { RestoreRequest } from './restore-request.ts';
import { type SpaceNeed, spaceNeeds } from './space.ts';
import type { StepContext } from './step.ts';
import { tablespaceBytes } from './tablespace-bytes.ts';
import type { TablespaceFacts } from './tablespace-facts.ts';
import { formatBytes } from './units.ts';

/** Freezes what the run will do. Only called with facts that passed every check. */
export async function planRestore(
  facts: PreflightFacts,
  request: RestoreRequest,
  context: StepContext,
): Promise<RestorePlan> {
  const { contents, service, target, launcher } = facts;
  if (launcher.spec === null) throw new OdoError('BUG', 'A plan was made without a recovery server.');
  const serverMajor = contents.backup.serverMajor ?? launcher.serverMajor;
  if (serverMajor === null) {
    throw new OdoError(
      'PRECONDITION_FAILED',
      'Neither the backup nor the server tells its PostgreSQL major.',
      {
        hint: 'Use an image with PG_MAJOR in its environment, or name one with --image.',
      },
    );
  }
  const [need, ...needElsewhere] = spaceNeeds(facts, request);
  const targetAction = actionFor(facts, request);
  const newVolume = facts.targetSpec.kind === 'docker-volume' && facts.targetSpec.create;
  const drill = request.drill ?? null;
  const hasService = service.kind !== 'none' && drill === null;
  const owner =
    request.owner !== 'auto' ? request.owner : (formerOwner(target) ?? launcher.spec.owner ?? officialOwner);
  const switchOver =
    newVolume &&
    facts.dataMount !== null &&
    facts.targetSpec.kind === 'docker-volume' &&
    request.target.kind === 'new-volume'
      ? { from: facts.dataMount, toVolume: facts.targetSpec.volume, toAlias: request.target.name }
      : null;
  if (switchOver !== null) {
    const planned = await context.ports.service(request.service);
    await planned.checkVolumeChange?.(switchOver, context.signal);
  }
  const plan: RestorePlan = {
    runId: context.runId,
    createdAt: context.ports.now().toISOString(),
    source: request.source,
    contents,
    ...(facts.selectedBecause === undefined ? {} : { selectedBecause: facts.selectedBecause }),
    passedOver: facts.passedOver,
    target: facts.targetSpec,
    targetDescription: target.description,
    targetAction,
    found: foundOn(target),
    removes: whatIsRemoved(facts, request),
    access: target.access,
    ...(drill === null
      ? {
          service: request.service,
          serviceDescription: service.description,
          serviceWasRunning: service.running,
        }
      : besideService(service, drill)),
    stopsFirst: hasService && !newVolume,
    switchOver,
    launcher: withTablespaces({ ...launcher.spec, owner }, facts.tablespaces),
    launcherDescription: launcher.description,
    imageId: launcher.imageId ?? null,
    serverMajor,
    superuser: service.superuser,
    pgdata: facts.pgdata,
    owner,
    tablespaces: facts.tablespaces.map(plannedTablespace),
    ...facts.configuration,
    override: request.overrideFile === null ? null : await pinFile(request.overrideFile),
    promote: request.promote,
    ...(request.preparesOnly === true ? { preparesOnly: true } : {}),
    recovery: plannedRecovery(request, facts),
    space: plannedSpace(need, request),
    spaceElsewhere: needElsewhere.map((one) => ({
      description: one.description,
      ...plannedSpace(one, request),
    })),
    jobs: request.jobs === 'auto' ? automaticJobs(context.ports.cores()) : request.jobs,
    checkpointBytes: request.checkpointBytes,
    ...dataPlaneOptionsOf(request),
    warnings: [...contents.warnings, ...planWarnings(facts, request)],
  };
  return { ...plan, digest: planDigest(plan) };
}

/** A drill takes its image, its layout and its superuser from the service, and then leaves it alone. */
const besideService = (
  service: PreflightFacts['service'],
  drill: DrillRequest,
): Pick<RestorePlan, 'service' | 'serviceDescription' | 'serviceWasRunning' | 'drill'> => ({
  service: { kind: 'none' },
  serviceDescription: 'no service',
  serviceWasRunning: false,
  drill: { ...drill, beside: service.kind === 'none' ? null : service.description },
});

function plannedRecovery({ recovery, readings }: RestoreRequest, { reach }: PreflightFacts): PlannedRecovery {
  const said = readings === undefined ? {} : { readings };
  return { ...recovery, ...said, stop: reach?.stop ?? recovery.target, proof: reach?.proof ?? null };
}

/** What the machine needs to choose its way. */
export function summarize(plan: RestorePlan): PlanSummary {
  const { action, standby } = recoveryOf(plan);
  return {
    backupId: plan.contents.backup.id,
    removes: plan.removes,
    stopsFirst: plan.stopsFirst,
    switchesOver: plan.switchOver !== null,
    hasService: plan.service.kind !== 'none',
    preparesOnly: plan.preparesOnly === true,
    promote: plan.promote,
    atTarget: action,
    standby: standby !== null,
    drill: plan.drill == null ? null : plan.drill.keep ? 'keep' : 'remove',
  };
}

/** PostgreSQL never runs as root: a directory of root's says nothing about who shall own the database. */
const formerOwner = ({ owner }: PreflightFacts['target']) =>
  owner === null || owner.uid === 0 ? null : owner;

function actionFor(facts: PreflightFacts, request: RestoreRequest): TargetAction {
  return request.target.kind === 'new-volume' ? 'create' : actionOn(facts.target);
}

const foundOn = ({ exists, holds, serverMajor, systemIdentifier }: PreflightFacts['target']): FoundState => ({
  exists,
  holds,
  serverMajor,
  systemIdentifier,
});

const actionOn = ({ exists, holds }: PreflightFacts['target']): TargetAction => {
  if (!exists) return 'create';
  return holds === 'nothing' ? 'fill' : 'clean';
};

function plannedTablespace({ tablespace, path, serverPath, place }: TablespaceFacts): PlannedTablespace {
  const { oid, name, location } = tablespace;
  const common = { oid, name, path, serverPath, sourceLocation: location };
  if (place === null) return common;
  const { target, facts } = place;
  const { description, access } = facts;
  return {
    ...common,
    place: { target, description, action: actionOn(facts), access, found: foundOn(facts) },
  };
}

/** The recovery server must see the places that it writes into tablespace links. */
function withTablespaces(launcher: LauncherSpec, tablespaces: readonly TablespaceFacts[]): LauncherSpec {
  const mounts = tablespaces.flatMap(({ place }) => place?.mount ?? []);
  return launcher.kind === 'container' && mounts.length > 0
    ? { ...launcher, tablespaceMounts: mounts }
    : launcher;
}

const plannedSpace = (need: SpaceNeed, { reserveBytes }: RestoreRequest): PlannedSpace => ({
  neededBytes: need.neededBytes,
  neededIsExact: need.isExact,
  freeBytes: need.freeBytes,
  reclaimableBytes: need.reclaimableBytes,
  reserveBytes,
});

/** What a person must agree to; null when nothing is removed. */
function whatIsRemoved(facts: PreflightFacts, request: RestoreRequest): string | null {
  const removed = actionFor(facts, request) === 'clean' ? [dataThatIsRemoved(facts.target)] : [];
  for (const { tablespace, place } of facts.tablespaces) {
    if (place === null || actionOn(place.facts) !== 'clean') continue;
    const { usedBytes, description } = place.facts;
    removed.push(
      `its former tablespace, ${formatBytes(usedBytes)}, in ${description} (for ${inWords(tablespace)})`,
    );
  }
  return removed.length === 0 ? null : removed.join('; ');
}

function dataThatIsRemoved(target: PreflightFacts['target']): string {
  const what = [
    target.serverMajor === null
      ? 'a PostgreSQL data directory'
      : `a PostgreSQL ${target.serverMajor} data directory`,
    formatBytes(target.usedBytes),
    ...(target.systemIdentifier === null ? [] : [`system identifier ${target.systemIdentifier}`]),
  ];
  return `${what.join(', ')} in ${target.description}`;
}

function planWarnings(
  { contents, target, service, tablespaces, configuration }: PreflightFacts,
  request: RestoreRequest,
): string[] {
  const warnings: string[] = configurationWarnings(configuration?.configuration.source ?? null);
  if (holdsOtherDatabase({ backup: contents.backup, target })) {
    warnings.push(
      `${target.description} holds another database cluster (system identifier ${target.systemIdentifier}) than the backup (${contents.backup.systemIdentifier}).`,
    );
  }
  const isDrill = request.drill != null;
  if (!isDrill && tablespaces.some(({ place }) => place === null)) {
    warnings.push(
      `Tablespaces are restored inside the data directory (${tablespaceFolder}/), not to their former paths, unless --tablespace names a place for them.`,
    );
  }
  for (const { tablespace, place } of tablespaces) {
    if (place === null || tablespaceBytes(contents, tablespace.oid) !== null) continue;
    warnings.push(
      `How much of the backup is in ${inWords(tablespace)} is not known, so the space in ${place.facts.description} is not checked.`,
    );
  }
  for (const { tablespace, suggestion } of tablespaces) {
    if (suggestion === null || isDrill) continue;
    warnings.push(
      `${service.description} mounts a volume where ${inWords(tablespace)} used to be; to restore it there: ${suggestion}`,
    );
  }
  if (!request.sync) {
    warnings.push(
      'Files are not made durable (--no-sync): after a power cut or a crash of this host the database may be damaged, and no resume can tell.',
    );
  }
  const slot = request.recovery.standby?.primarySlot ?? null;
  if (slot !== null) {
    warnings.push(
      `The replication slot ${slot} must exist on the primary, or the standby does not stream: SELECT pg_create_physical_replication_slot('${slot}', true)..`,
    );
  }
  if (!request.promote && service.kind !== 'none') {
    warnings.push('The service stays stopped until the run is promoted.');
  }
  return warnings;
}

/** What the server lacks, and edits of the configuration cannot give. */
function configurationWarnings(source: SourceConfiguration | null): string[] {
  if (source === null) return [];
  const { missingLibraries, missingLocales } = source;
  return [
    ...(missingLibraries.length === 0
      ? []
      : [
          `The server does not have ${missingLibraries.join(', ')}, which the database preloads: what needs it in the database will fail. Use an image that has it.`,
        ]),
    ...(missingLocales.length === 0
      ? []
      : [
          `The server does not have the locale ${missingLocales.join(', ')}: a database that was made with it will refuse connections. Use an image that has it.`,
        ]),
  ];
}

/** The content is read again when it is used; the hash shows whether it changed. It may hold secrets, so it is not stored. */
async function pinFile(path: string): Promise<{ path: string; sha256: string }> {
  const content = await readFile(path);
  return { path, sha256: createHash('sha256').update(content).digest('hex') };
}
