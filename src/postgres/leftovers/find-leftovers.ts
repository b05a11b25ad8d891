import { addedLast, type ConfigurationEdit, settingLine } from '../edit-configuration.ts';
import {
  type ConfigurationFiles,
  type ConfiguredSetting,
  type IncludeDirective,
  type LineChange,
  mainFile,
  placeKey,
  readServerConfiguration,
  type ServerConfiguration,
} from '../server-configuration.ts';
import { parseSettingLine } from '../setting-line.ts';
import { type LeftoverRule, leftoverRules } from './rules.ts';
import { isUnreadable, type LeftoverView, originOf, type ServerView } from './server-view.ts';

const matches = (rule: LeftoverRule, name: string): boolean =>
  rule.settings.some((key) => (key.endsWith('*') ? name.startsWith(key.slice(0, -1)) : key === name));

/** Edits as what is read in their places. */
export const changesOf = (edits: readonly ConfigurationEdit[]): Map<string, LineChange> =>
  new Map(
    edits.map((edit) => [placeKey(edit), { to: parseSettingLine(edit.replacement ?? '')?.value ?? null }]),
  );

/** An edit of one setting. `to` null: it becomes a comment. */
export const editOf = (
  { file, line, name }: ConfiguredSetting,
  { rule, to, why }: { rule: string; to: string | null; why: string },
): ConfigurationEdit => ({
  rule,
  file,
  line,
  what: name,
  replacement: to === null ? null : settingLine(name, to),
  why,
});

/**
 * The edits that make the configuration one of the restored server, in the order of the rules. Only what counts is
 * looked at: a setting that a later one hides stays. `kept`: files that are not odo's to change.
 */
export async function findLeftovers(
  files: ConfigurationFiles,
  server: ServerView,
  { kept, already = [] }: { kept: ReadonlySet<string>; already?: readonly ConfigurationEdit[] },
): Promise<ConfigurationEdit[]> {
  const untouched = await readServerConfiguration(files, server.dataDirectory);
  const origin = originOf(untouched);
  const edits = [...already];
  for (;;) {
    const configuration = await readServerConfiguration(files, server.dataDirectory, changesOf(edits));
    const next = nextEdits({ ...server, origin, configuration }, kept, edits);
    if (next.length === 0) break;
    edits.push(...next);
  }
  const added = addedSettings({ ...server, origin, configuration: untouched });
  return [...edits, ...added].slice(already.length);
}

/** The first rule that finds something speaks; the others look again at what is left. */
function nextEdits(
  view: LeftoverView,
  kept: ReadonlySet<string>,
  edits: readonly ConfigurationEdit[],
): ConfigurationEdit[] {
  const isEdited = new Set(edits.map(placeKey));
  const mayChange = (place: { file: string; line: number }) =>
    !kept.has(place.file) && !isEdited.has(placeKey(place));
  const absent = view.configuration.includes.filter(
    (include) => mayChange(include) && isAbsent(include, view),
  );
  if (absent.length > 0) return absent.map(includeEdit);
  for (const rule of leftoverRules) {
    const found = [...view.configuration.settings.values()].flatMap((setting) => {
      const verdict = matches(rule, setting.name) && mayChange(setting) ? rule.judge(setting, view) : null;
      return verdict === null ? [] : [editOf(setting, { rule: rule.id, ...verdict })];
    });
    if (found.length > 0) return found;
  }
  return [];
}

const isAbsent = ({ kind, target, path }: IncludeDirective, view: LeftoverView): boolean =>
  kind !== 'include_if_exists' &&
  (target === 'missing' || (target === 'outside' && isUnreadable(path, view)));

const includeEdit = ({ file, line, kind, path }: IncludeDirective): ConfigurationEdit => ({
  rule: 'include',
  file,
  line,
  what: kind,
  replacement: null,
  why: `${path} was not in the backup and is not on the server`,
});

/** What the source's own packaging leaves at PostgreSQL's default, and images do not. */
function addedSettings({ configuration, kind, origin }: LeftoverView): ConfigurationEdit[] {
  if (kind !== 'container' || origin === null || hasListenAddresses(configuration)) return [];
  const why = 'in a container nobody else could connect, as in the image’s own default';
  const replacement = settingLine('listen_addresses', '*');
  return [
    { rule: 'listen-addresses', file: mainFile, line: addedLast, what: 'listen_addresses', replacement, why },
  ];
}

const hasListenAddresses = ({ settings }: ServerConfiguration): boolean => settings.has('listen_addresses');
