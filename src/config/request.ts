import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import type { ServiceSpec } from '../service/service.ts';
import type { RecoveryChange } from '../steps/recovery-change.ts';
import type {
  RecoveryRequest,
  RestoreRequest,
  SourceRequest,
  TablespaceRequest,
  TargetRequest,
} from '../steps/restore-request.ts';
import { holdsPassword } from './conninfo-password.ts';
import type { LoadedSettings } from './load.ts';
import { choices, type SettingKey } from './schema.ts';

/** In the order in which Compose looks for them. */
const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'] as const;

export const composeFileIn = (directory: string): string | undefined =>
  composeFiles.map((name) => join(directory, name)).find((path) => existsSync(path));

const defaultOverrideFile = 'confs/postgresql.auto.conf';

/** What the operator asked for, from settings. Throws USAGE with everything that does not fit together. */
export function toRestoreRequest(loaded: LoadedSettings, cwd: string): RestoreRequest {
  const { settings } = loaded;
  const problems: string[] = [];
  const source = settings.url === null ? null : toSource(loaded);
  if (source === null) problems.push(sourceMissing);
  const target = toTarget(loaded, problems);
  const service = toService(loaded, cwd, problems);
  if (target !== null) problems.push(...misfits(target, service, settings.tablespace ?? []));
  const recovery = toRecovery(loaded, problems);
  const prepares = settings.prepareOnly || (target !== null && isVolume(target));
  if (prepares) problems.push(...unprepared(loaded, service));
  problems.push(...unsigned(loaded));
  if (problems.length > 0 || source === null || target === null) throw usage(problems);
  return {
    ...commonRequest(loaded, { source, target, service, recovery }),
    replaceSystemId: settings.replaceSystemId,
    tablespaces: settings.tablespace ?? [],
    overrideFile: toOverrideFile(settings.override, cwd),
    ...(prepares ? { preparesOnly: true } : {}),
    // The same container again goes on with what one before it began.
    ...(isVolume(target) ? { runKey: settings.runKey ?? `volume ${target.path}` } : {}),
    promote: settings.promote,
    confirmed: settings.yes,
  };
}

const isVolume = (target: TargetRequest): target is Extract<TargetRequest, { kind: 'data-directory' }> =>
  target.kind === 'data-directory' && target.isVolume === true;

/** What somebody would have to do while the server runs that recovers, or has recovered. */
function unprepared({ settings }: LoadedSettings, service: ServiceSpec): string[] {
  return [
    ...(service.kind === 'none'
      ? []
      : ['--prepare-only starts no server: leave out the service (-n, --container or --local)']),
    ...(settings.standby ? ['--prepare-only prepares no standby: leave out --standby'] : []),
    ...(settings.promote
      ? []
      : ['With --prepare-only the server stops where --target-action says: leave out --no-promote']),
    ...(settings.pageChecksums === 'server'
      ? ['--page-checksums server needs a server that odo runs: use stream with --prepare-only']
      : []),
  ];
}

/** What a restore and a drill have in common; with the rest as it is for one that changes nothing of the operator's. */
export function commonRequest(
  { settings, readings }: LoadedSettings,
  parts: Pick<RestoreRequest, 'source' | 'target' | 'service' | 'recovery'>,
): RestoreRequest {
  return {
    ...parts,
    backup: settings.backup,
    before: settings.before,
    ...(readings.length === 0 ? {} : { readings }),
    walUrl: settings.walUrl,
    server: settings.server,
    tablespaces: [],
    volumeAccess: settings.volumeAccess,
    image: settings.image,
    binDir: settings.pgBin,
    overrideFile: null,
    keepsConfiguration: settings.keepConfig,
    owner: settings.owner,
    promote: true,
    confirmed: true,
    reserveBytes: settings.reserve,
    jobs: settings.jobs,
    checkpointBytes: settings.checkpointSize,
    maxRateBytesPerSecond: settings.maxRate,
    background: settings.background,
    sync: settings.sync,
    publishIndex: settings.publishIndex,
    pageChecksums: settings.pageChecksums ?? 'off',
    memoryBytes: settings.memory,
    runKey: settings.runKey,
    evidence: {
      reports: settings.report ?? [],
      metricsFile: settings.metricsFile,
      notifyUrl: settings.notify,
    },
  };
}

/** A receiver could not tell what odo posts from what anybody does. */
export const unsigned = ({ settings }: LoadedSettings): string[] =>
  settings.notify === null || settings.notifySecret !== null
    ? []
    : ['Say what signs the message to --notify: ODO_NOTIFY_SECRET, in the environment or .env'];

export const sourceMissing =
  'Say where the backups lie: -u s3://BUCKET/PREFIX (or ODO_URL, or S3_BACKUP_URL)';

export function toSource({ settings, provenance }: LoadedSettings): SourceRequest {
  const { url, endpoint, region } = settings;
  if (url === null) throw usage([sourceMissing]);
  // AWS_ENDPOINT_URL and its like say nothing about other stores.
  const isForS3 = /^s3:/i.test(url);
  const isOfS3 = /\b(?:AWS|S3)_/.test(provenance.endpoint);
  const given = isForS3 || !isOfS3 ? endpoint : null;
  return {
    url: below(url, settings.backupPath, settings.searchPrefix),
    endpoint: given ?? (/^gs:/i.test(url) ? emulatorOf(settings.storageEmulatorHost) : null),
    region,
  };
}

const below = (url: string, ...paths: readonly (string | null)[]): string =>
  paths.reduce<string>(
    (above, path) => (path === null ? above : `${above.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`),
    url,
  );

/** Google's own tools take it with and without a scheme. */
const emulatorOf = (host: string | null): string | null =>
  host === null || /^https?:\/\//i.test(host) ? host : `http://${host}`;

export function toTarget(loaded: LoadedSettings, problems: string[]): TargetRequest | null {
  const { volume, newVolume, dataDir, prepareVolume } = loaded.settings;
  const made = madeChoices(loaded, choices.target);
  const renews = made.every((key) => key === 'volume' || key === 'newVolume');
  if (made.length > 1 && !renews) {
    problems.push(
      `Choose one target: ${list(loaded, made)} were given; -v restores into a volume, -V into a new one, --data-dir into a directory`,
    );
    return null;
  }
  if (newVolume !== null) return { kind: 'new-volume', name: newVolume, present: volume };
  if (volume !== null) return { kind: 'volume', name: volume };
  if (dataDir !== null) return { kind: 'data-directory', path: dataDir };
  if (prepareVolume !== null) return { kind: 'data-directory', path: prepareVolume, isVolume: true };
  problems.push('Say where to restore: -v VOLUME, -V NEW_VOLUME or --data-dir DIR');
  return null;
}

export function toService(loaded: LoadedSettings, cwd: string, problems: string[]): ServiceSpec {
  const { service, container, local, pgBin, project } = loaded.settings;
  const made = madeChoices(loaded, choices.service);
  if (made.length > 1) {
    problems.push(
      `Choose one service: ${list(loaded, made)} were given; -n is a Compose service, --container a container, --local the server of this host`,
    );
    return { kind: 'none' };
  }
  if (service === null) {
    const idle = (['composeFile', 'project'] as const).filter((key) => loaded.layers[key] === 'flag');
    if (idle.length > 0)
      problems.push(`${list(loaded, idle)} is of use only with a Compose service: add -n SERVICE`);
  }
  if (container !== null) return { kind: 'container', container };
  if (local) return { kind: 'local', binDir: pgBin, dataDirectory: loaded.settings.dataDir };
  if (service === null) return { kind: 'none' };
  const file = loaded.settings.composeFile ?? composeFileIn(cwd);
  if (file === undefined) {
    problems.push(
      `Say which Compose file has the service ${service}: -f FILE (none of ${composeFiles.join(', ')} is in ${cwd})`,
    );
    return { kind: 'none' };
  }
  if (!existsSync(file))
    problems.push(`The Compose file ${file} does not exist (${loaded.provenance.composeFile})`);
  return { kind: 'compose', service, file, project };
}

/** Targets and services that cannot go together, whatever the machine looks like. */
export function misfits(
  target: TargetRequest,
  service: ServiceSpec,
  tablespaces: readonly TablespaceRequest[],
): string[] {
  if (tablespaces.length > 0 && target.kind !== 'data-directory' && service.kind === 'none') {
    return [
      '--tablespace with a volume needs to know what the server mounts: name it with -n SERVICE -f FILE or --container NAME',
    ];
  }
  if (service.kind === 'local' && target.kind !== 'data-directory') {
    return [
      '--local is the server of this host, which works on a directory: use --data-dir DIR instead of a volume',
    ];
  }
  if (service.kind === 'container' && target.kind === 'new-volume') {
    return [
      "-V lets the service use a new volume, which only a Compose service can: a container's volumes are fixed when it is made. Use -n SERVICE -f FILE, or -v VOLUME",
    ];
  }
  return [];
}

/** How far recovery goes, from the `target…` settings and their like. */
export function toRecovery(loaded: LoadedSettings, problems: string[]): RecoveryRequest {
  const { settings, layers } = loaded;
  const made = madeChoices(loaded, choices.recoveryTarget);
  if (made.length > 1) {
    problems.push(
      `Choose one recovery target: ${list(loaded, made)} were given, and the server stops at one`,
    );
  }
  const { nowMs } = loaded.clock;
  if (settings.targetTime !== null && Date.parse(settings.targetTime) > nowMs) {
    problems.push(
      `${list(loaded, ['targetTime'])} is ${settings.targetTime}, which lies in the future: it is ${new Date(nowMs).toISOString()} now. To recover to the end of the WAL, leave it out`,
    );
  }
  if (settings.standby && settings.primaryConninfo === null) {
    problems.push('Say how the standby reaches its primary: --primary-conninfo "host=HOST user=USER"');
  }
  if (settings.standby && (made.length > 0 || layers.targetAction !== null)) {
    problems.push(
      'A standby follows its primary for ever: leave out the recovery target and its action, or --standby',
    );
  }
  if (settings.standby && !settings.promote) {
    problems.push('A standby is never promoted by odo: leave out --no-promote, or --standby');
  }
  // Not repeated: the message would be one more place that shows it.
  if (settings.primaryConninfo !== null && holdsPassword(settings.primaryConninfo)) {
    problems.push(
      `${list(loaded, ['primaryConninfo'])} holds a password, which process lists and the journal would show: leave it out there, and set ODO_PRIMARY_PASSWORD in the environment or .env (or name a passfile)`,
    );
  }
  const idle = (['primaryConninfo', 'primarySlot'] as const).filter((key) => layers[key] === 'flag');
  if (!settings.standby && idle.length > 0)
    problems.push(`${list(loaded, idle)} is of use only with --standby`);
  return {
    target: toTargetPoint(loaded),
    timeline: settings.targetTimeline,
    action: settings.targetAction,
    standby:
      settings.standby && settings.primaryConninfo !== null
        ? {
            primaryConninfo: settings.primaryConninfo,
            primarySlot: settings.primarySlot,
            hasPassword: settings.primaryPassword !== null,
          }
        : null,
    spoolBytes: settings.walSpoolSize,
    check: settings.walCheck,
  };
}

/**
 * Another target for a run that goes on; null when none was asked for. Only what stands on the command line counts:
 * a target in the environment or in odo.yaml is that of the next `odo start`.
 */
export function toRecoveryChange(loaded: LoadedSettings): RecoveryChange | null {
  const { settings, layers, clock } = loaded;
  const isGiven = (key: SettingKey): boolean => layers[key] === 'flag';
  const points = choices.recoveryTarget.filter(isGiven);
  const problems: string[] = [];
  if (points.length > 1) {
    problems.push(
      `Choose one recovery target: ${list(loaded, points)} were given, and the server stops at one`,
    );
  }
  if (isGiven('targetInclusive') && points.length === 0) {
    problems.push(`${list(loaded, ['targetInclusive'])} is of use only together with a target`);
  }
  if (
    isGiven('targetTime') &&
    settings.targetTime !== null &&
    Date.parse(settings.targetTime) > clock.nowMs
  ) {
    problems.push(`${list(loaded, ['targetTime'])} is ${settings.targetTime}, which lies in the future`);
  }
  if (problems.length > 0) throw usage(problems, 'odo resume --help');
  const change = {
    target: points.length === 0 ? null : toTargetPoint(loaded),
    timeline: isGiven('targetTimeline') ? settings.targetTimeline : null,
    action: isGiven('targetAction') ? settings.targetAction : null,
  };
  if (Object.values(change).every((value) => value === null)) return null;
  const hasWords = isGiven('targetTime') && loaded.readings.length > 0;
  return hasWords ? { ...change, readings: loaded.readings } : change;
}

function toTargetPoint({ settings }: LoadedSettings): RecoveryRequest['target'] {
  const inclusive = settings.targetInclusive;
  if (settings.targetTime !== null) return { kind: 'time', time: settings.targetTime, inclusive };
  if (settings.targetLsn !== null) return { kind: 'lsn', lsn: settings.targetLsn, inclusive };
  if (settings.targetXid !== null) return { kind: 'xid', xid: settings.targetXid, inclusive };
  if (settings.targetName !== null) return { kind: 'name', name: settings.targetName };
  return { kind: settings.targetImmediate ? 'immediate' : 'end' };
}

function toOverrideFile(override: string | boolean | null, cwd: string): string | null {
  if (override === null || override === false) return null;
  return override === true ? join(cwd, defaultOverrideFile) : override;
}

export const madeChoices = (loaded: LoadedSettings, group: readonly SettingKey[]): SettingKey[] =>
  group.filter((key) => loaded.settings[key] !== null && loaded.settings[key] !== false);

/** The settings as they were given: `-u and ODO_URL`. */
export const list = ({ provenance }: LoadedSettings, keys: readonly SettingKey[]): string =>
  keys.map((key) => provenance[key].replace(/^flag /, '')).join(' and ');

export function usage(problems: readonly string[], help = 'odo start --help'): OdoError {
  const sentences = problems.map((problem) => `${problem}.`);
  return new OdoError('USAGE', sentences.length === 1 ? `${sentences[0]}` : 'The request is not complete.', {
    hint: `All options and examples: ${help}`,
    ...(sentences.length === 1 ? {} : { details: { problems: sentences.map((text) => ({ text })) } }),
  });
}
