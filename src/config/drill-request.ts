import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceSpec } from '../service/service.ts';
import type { DrillRequest } from '../steps/drill-request.ts';
import type { RecoveryRequest, RestoreRequest, TargetRequest } from '../steps/restore-request.ts';
import type { LoadedSettings } from './load.ts';
import {
  commonRequest,
  list,
  sourceMissing,
  toRecovery,
  toService,
  toSource,
  unsigned,
  usage,
} from './request.ts';
import type { SettingKey } from './schema.ts';

/** How the volume or directory of a drill is named; the run's id follows. */
const targetName = 'odo-drill';

/**
 * What a drill does, from the settings of a restore and its own. What a restore would do with its target and its
 * service is left out: in odo.yaml and the environment it does no harm, on the command line it is a mistake. Throws
 * USAGE with everything that does not fit together.
 */
export function toDrillRequest(loaded: LoadedSettings, cwd: string): RestoreRequest {
  const { settings } = loaded;
  const problems: string[] = [];
  const source = settings.url === null ? null : toSource(loaded);
  if (source === null) problems.push(sourceMissing);
  const service = toService(loaded, cwd, problems);
  const target = toDrillTarget(loaded, service, problems);
  problems.push(...outOfPlace(loaded));
  const recovery = toDrillRecovery(loaded, problems);
  problems.push(...unsigned(loaded));
  if (problems.length > 0 || source === null || target === null) throw usage(problems, 'odo drill --help');
  return {
    ...commonRequest(loaded, { source, target, service: besideWhich(service), recovery }),
    // A drill asks for more proof than a restore; a cluster without checksums has none to give.
    pageChecksums: settings.pageChecksums ?? 'auto',
    drill: toDrill(loaded),
  };
}

/** A local server whose data directory is not named cannot be looked at; its programs are this host's in any case. */
const besideWhich = (service: ServiceSpec): ServiceSpec =>
  service.kind === 'local' && service.dataDirectory == null ? { kind: 'none' } : service;

function toDrill({ settings, assertions, database }: LoadedSettings): DrillRequest {
  return {
    keep: settings.keep,
    port: settings.port,
    amcheck: settings.amcheck,
    dump: settings.dump,
    assertions,
    limits: {
      maxRtoMs: settings.maxRto,
      maxRpoMs: settings.maxRpo,
      maxRegression: settings.maxRegression,
    },
    database,
  };
}

/** A place of its own: `startRun` adds the run's id to its name. */
function toDrillTarget(
  loaded: LoadedSettings,
  service: ServiceSpec,
  problems: string[],
): TargetRequest | null {
  const { drillDir, dataDir } = loaded.settings;
  if (drillDir !== null && (service.kind === 'compose' || service.kind === 'container')) {
    problems.push(
      `${list(loaded, ['drillDir'])} is for the PostgreSQL of this host, but the drill would run on the image of a container: leave it out, and the drill makes a volume, or leave out the service`,
    );
    return null;
  }
  const parent = drillDir ?? (dataDir === null ? null : dirname(dataDir));
  if (parent === null) {
    if (service.kind !== 'local') return { kind: 'new-volume', name: targetName, present: null };
    problems.push(
      '--local drills in a directory of this host: say below which one with --drill-dir DIR, or name the data directory beside which it may be with --data-dir DIR',
    );
    return null;
  }
  // It would be left behind: only what the drill made for itself is removed.
  if (!existsSync(parent)) {
    problems.push(`The directory ${parent}, in which the drill would make its own, does not exist`);
    return null;
  }
  return { kind: 'data-directory', path: join(parent, targetName) };
}

/** Flags that ask for something a drill does not do. */
function outOfPlace(loaded: LoadedSettings): string[] {
  const { settings, layers } = loaded;
  const given = (...keys: SettingKey[]): string | null => {
    const flags = keys.filter((key) => layers[key] === 'flag');
    return flags.length === 0 ? null : list(loaded, flags);
  };
  const standby = settings.standby || settings.primaryConninfo !== null || settings.primarySlot !== null;
  const found: readonly [string | null, string][] = [
    [
      standby ? given('standby', 'primaryConninfo', 'primarySlot') : null,
      'a drill restores a database of its own, which follows no primary',
    ],
    [
      settings.promote ? null : given('promote'),
      'a drill proves the promoted database; to look into it afterwards use --keep',
    ],
    [
      settings.targetAction === 'promote' ? null : given('targetAction'),
      'a drill proves the promoted database, and ends with it; to look into it afterwards use --keep',
    ],
    [given('tablespace'), 'a drill keeps the tablespaces inside its own data directory'],
    [
      settings.override === false || settings.override === null ? null : given('override'),
      "a drill's database runs on odo's own configuration",
    ],
  ];
  return found.flatMap(([flags, why]) =>
    flags === null ? [] : [`${flags} is of no use in a drill: ${why}`],
  );
}

/** How far it goes is asked as for a restore; it always ends promoted and never follows a primary. */
function toDrillRecovery(loaded: LoadedSettings, problems: string[]): RecoveryRequest {
  const { settings, layers } = loaded;
  return toRecovery(
    {
      ...loaded,
      settings: {
        ...settings,
        standby: false,
        primaryConninfo: null,
        primarySlot: null,
        promote: true,
        targetAction: 'promote',
      },
      layers: { ...layers, standby: null, primaryConninfo: null, primarySlot: null, targetAction: null },
    },
    problems,
  );
}
