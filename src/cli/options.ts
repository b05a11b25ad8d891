import { type Command, Option } from 'commander';
import { type FlagValue, type FlagValues, type LoadedSettings, loadSettings } from '../config/load.ts';
import {
  groups,
  mayComeFrom,
  type SettingKey,
  settingKeys,
  settingName,
  settingOf,
  settings,
} from '../config/schema.ts';
import type { CliContext } from './context.ts';

/** Only a drill has something to prove. */
const onlyOfDrills = settingKeys.filter((key) => settingOf(key).group === 'drill');
const onlyOfBackups = settingKeys.filter((key) => settingOf(key).group === 'backup');

/** Everything `odo start` and `odo plan` take. */
export const restoreSettings: readonly SettingKey[] = settingKeys.filter(
  (key) => !onlyOfDrills.includes(key) && !onlyOfBackups.includes(key),
);

/** Everything `odo drill` takes. */
export const drillSettings: readonly SettingKey[] = settingKeys.filter((key) => !onlyOfBackups.includes(key));

/** What opens a source of any kind. */
const credentialSettings = [
  'accessKey',
  'secretKey',
  'sessionToken',
  'azureConnectionString',
  'azureAccount',
  'azureKey',
  'azureSasToken',
  'googleCredentials',
  'httpUser',
  'httpPassword',
  'sshKey',
  'sshKnownHosts',
  'sshKeyPassphrase',
  'sshPassword',
  'sshAgent',
] as const satisfies readonly SettingKey[];

/** Credentials are resolved again whenever a run goes on. */
export const resumeSettings = [
  'endpoint',
  ...credentialSettings,
  'primaryPassword',
  'notifySecret',
  'region',
  'journal',
  'config',
] as const satisfies readonly SettingKey[];

/** Flags that give a run another target; from elsewhere than the command line they do not count. */
export const moveSettings = [
  'targetTime',
  'targetLsn',
  'targetXid',
  'targetName',
  'targetImmediate',
  'targetInclusive',
  'targetTimeline',
  'targetAction',
] as const satisfies readonly SettingKey[];

/** Beside a plan, which has all the rest. */
export const plannedStartSettings = [
  ...credentialSettings,
  'primaryPassword',
  'notifySecret',
  'yes',
  'journal',
  'config',
] as const satisfies readonly SettingKey[];

export const backupsSettings = [
  'url',
  'backupPath',
  'searchPrefix',
  'endpoint',
  'storageEmulatorHost',
  ...credentialSettings,
  'region',
  'server',
  'walUrl',
  'config',
] as const satisfies readonly SettingKey[];

/** Which server is meant, and how it is reached. */
const serverSettings = [
  'service',
  'composeFile',
  'project',
  'container',
  'local',
] as const satisfies readonly SettingKey[];

/** Everything `odo backup` takes: where backups lie, which server, and how. */
export const takeSettings: readonly SettingKey[] = [
  'url',
  'endpoint',
  'accessKey',
  'secretKey',
  'sessionToken',
  'region',
  ...serverSettings,
  'pgBin',
  ...onlyOfBackups,
  'config',
];

/** Whatever of a restore says what it needs of this machine and of the store. */
export const doctorSettings = [
  ...backupsSettings,
  'volume',
  'newVolume',
  'dataDir',
  'volumeAccess',
  'owner',
  'reserve',
  ...serverSettings,
  'pgBin',
  'image',
  'background',
  'drillDir',
  'journal',
] as const satisfies readonly SettingKey[];

/** What odo init asks for, and what opens the store meanwhile. */
export const initSettings = [
  ...backupsSettings.filter((key) => key !== 'config'),
  'volume',
  'dataDir',
  ...serverSettings,
] as const satisfies readonly SettingKey[];

/** Removing what a run made needs nothing of its source. */
export const abandonSettings = ['yes', 'journal', 'config'] as const satisfies readonly SettingKey[];

export const statusSettings = ['journal', 'config'] as const satisfies readonly SettingKey[];

const generalGroup = 'Output and help:';

export function addSettings(command: Command, keys: readonly SettingKey[]): Command {
  // Commander shows the groups in the order in which their options were added.
  for (const group of Object.keys(groups)) {
    for (const key of keys.filter((one) => settings[one].group === group && mayComeFrom(one, 'flag'))) {
      for (const option of optionsOf(key)) command.addOption(option);
    }
  }
  return command;
}

function optionsOf(key: SettingKey): Option[] {
  const { short, argument, group, negatable, repeats } = settingOf(key);
  const long = `--${settingName(key)}`;
  const flags = [short, argument === undefined ? long : `${long} ${argument}`]
    .filter((part) => part !== undefined)
    .join(', ');
  const option = new Option(flags, helpOf(key)).helpGroup(groups[group]);
  if (repeats) option.argParser<readonly string[] | undefined>((value, former) => [...(former ?? []), value]);
  if (negatable === undefined) return [option];
  // The switch that is on by default is there to override odo.yaml; a reader looks for the other one.
  return [option.hideHelp(), new Option(`--no-${settingName(key)}`, negatable).helpGroup(groups[group])];
}

/** `description (default: 4)`; environment names only where they are not ODO_ and the flag's name. */
function helpOf(key: SettingKey): string {
  const { description, default: value, defaultText, env } = settingOf(key);
  const shown = defaultText ?? (value === null || value === false ? null : String(value));
  const names = env.filter((name) => !name.startsWith('ODO_'));
  const notes = [
    ...(shown === null ? [] : [`default: ${shown}`]),
    ...(names.length === 0 ? [] : [`also: ${names.join(', ')}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

export function addOutputOptions(
  command: Command,
  which: { json: string; verbose?: true; detach?: true },
): Command {
  command.addOption(new Option('--json', which.json).helpGroup(generalGroup));
  if (which.verbose) {
    command.addOption(
      new Option('--verbose', "also show the recovery server's log, and the stack of a bug").helpGroup(
        generalGroup,
      ),
    );
  }
  if (which.detach) {
    command.addOption(
      new Option(
        '--detach',
        'after the checks and questions, go on in a process of its own that no terminal ends; watch it with: odo status --watch RUN-ID',
      ).helpGroup(generalGroup),
    );
  }
  return addHelp(command);
}

export const addHelp = (command: Command): Command =>
  command.optionsGroup(generalGroup).helpOption('-h, --help', 'show this help');

/** The settings of a command: its flags and all weaker layers. Secrets are known to the redactor afterwards. */
export function loadFor(
  command: Command,
  keys: readonly SettingKey[],
  { host, secrets }: CliContext,
  { database = null }: { database?: string | null } = {},
): LoadedSettings {
  const flags = flagValues(command, keys);
  for (const key of keys) {
    const value = flags[key];
    if (settingOf(key).secret && key !== 'accessKey' && typeof value === 'string') secrets.add(value);
  }
  const loaded = loadSettings({
    flags,
    env: host.env,
    cwd: host.cwd,
    keys,
    clock: { nowMs: host.nowMs(), timeZone: host.timeZone },
    database,
  });
  for (const key of [...credentialSettings, 'primaryPassword', 'notifySecret'] as const) {
    const value = loaded.settings[key];
    if (settingOf(key).secret && key !== 'accessKey') secrets.add(value);
  }
  // As basic authentication sends them.
  const { httpUser, httpPassword } = loaded.settings;
  if (httpPassword !== null) secrets.add(Buffer.from(`${httpUser ?? ''}:${httpPassword}`).toString('base64'));
  // They are the same for every database.
  if (database === null) for (const warning of loaded.warnings) host.stderr.write(`warning: ${warning}\n`);
  return loaded;
}

function flagValues(command: Command, keys: readonly SettingKey[]): FlagValues {
  const values: Partial<Record<SettingKey, FlagValue>> = {};
  for (const key of keys) {
    if (command.getOptionValueSource(key) !== 'cli') continue;
    const value: unknown = command.getOptionValue(key);
    if (typeof value === 'string' || typeof value === 'boolean' || Array.isArray(value)) values[key] = value;
  }
  return values;
}

/** Of commands that go on with a run. */
export const takeOverOption = (group: string): Option =>
  new Option(
    '--take-over',
    'take the run from another odo that is gone for certain; one that still runs on this machine is ended',
  ).helpGroup(group);

export const isOn = (command: Command, name: string): boolean => command.getOptionValue(name) === true;
