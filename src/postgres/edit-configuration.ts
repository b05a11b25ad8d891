import type { ConfigurationPlace } from './server-configuration.ts';
import { quoteSetting } from './setting-line.ts';

/**
 * One change to a configuration file of the data directory. Plain JSON, without former values: they can be secrets.
 * Line `addedFirst` and `addedLast`: nothing is replaced, a line is put at the beginning or the end.
 */
export interface ConfigurationEdit extends ConfigurationPlace {
  /** Id of the rule that asks for it. */
  readonly rule: string;
  /** What is changed: a setting, `include`, or a line of pg_hba.conf. */
  readonly what: string;
  /** The line that replaces it, without its end; null: it only becomes a comment. */
  readonly replacement: string | null;
  /** For a person: why, without a full stop. */
  readonly why: string;
}

export const addedFirst = -1;
export const addedLast = 0;

/**
 * Makes the edits of one file, so that a person sees each and can take it back: above the line why, the former line as a
 * comment, below it what replaces it. `tag` (the run's id) marks what is odo's. `undoEdits` is the exact reverse.
 */
export function applyEdits(text: string, edits: readonly ConfigurationEdit[], tag: string): string {
  const byLine = new Map(edits.map((edit) => [edit.line, edit]));
  const lines = text.split(/(?<=\n)/);
  const edited = lines.map((line, index) => {
    const edit = byLine.get(index + 1);
    return edit === undefined ? line : `${why(edit, tag)}#odo ${tag}# ${withEnd(line)}${replaced(edit, tag)}`;
  });
  const added = (where: number) =>
    edits.filter(({ line }) => line === where).map((edit) => `${why(edit, tag)}${replaced(edit, tag)}`);
  const last = added(addedLast);
  if (last.length > 0) edited.push(withEnd(edited.pop() ?? ''));
  return [...added(addedFirst), ...edited, ...last].join('');
}

const why = (edit: ConfigurationEdit, tag: string): string => `# odo ${tag}: ${edit.why}\n`;

const replaced = ({ replacement }: ConfigurationEdit, tag: string): string =>
  replacement === null ? '' : `${replacement} # odo ${tag}\n`;

const withEnd = (line: string): string => (line === '' || line.endsWith('\n') ? line : `${line}\n`);

/** The file as it was before `applyEdits` with the same tag; anything else is left alone. */
export function undoEdits(text: string, tag: string): string {
  return text
    .split(/(?<=\n)/)
    .filter((line) => !line.startsWith(`# odo ${tag}: `) && !line.trimEnd().endsWith(` # odo ${tag}`))
    .map((line) => (line.startsWith(`#odo ${tag}# `) ? line.slice(`#odo ${tag}# `.length) : line))
    .join('');
}

/** A line that sets it. */
export const settingLine = (name: string, value: string): string => `${name} = ${quoteSetting(value)}`;

/** `ssl = 'off' in custom.conf: …`, `restore_command commented out in override.conf: …` */
export function describeEdit({ file, what, replacement, why: reason }: ConfigurationEdit): string {
  return `${replacement ?? `${what} commented out`} in ${file}: ${reason}`;
}
