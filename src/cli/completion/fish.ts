import type { CompletedCommand, CompletedOption } from './command-table.ts';

/** An option that several commands have alike stands there once. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const alike = Map.groupBy(
    commands.flatMap(({ name, options }) => options.map((option) => ({ name, line: lineOf(option) }))),
    ({ line }) => line,
  );
  const lines = [
    '# fish completion of odo. Load it with: odo completion fish | source',
    'complete -c odo -f',
    ...commands.map(
      ({ name, summary }) => `complete -c odo -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ),
    "complete -c odo -n __fish_use_subcommand -s h -l help -d 'show this help'",
    "complete -c odo -n __fish_use_subcommand -l version -d 'show the version'",
    ...commands.flatMap(argumentLine),
    ...[...alike].map(([line, those]) => `complete -c odo -n ${seen(those.map(({ name }) => name))} ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

const seen = (names: readonly string[]): string => quoted(`__fish_seen_subcommand_from ${names.join(' ')}`);

function lineOf({ long, short, description, value }: CompletedOption): string {
  const flags = [...(short === null ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  return [...flags, ...valueOf(value), `-d ${quoted(description)}`].join(' ');
}

function valueOf(value: CompletedOption['value']): string[] {
  if (value === null) return [];
  switch (value.kind) {
    case 'file':
      return ['-rF'];
    case 'directory':
      return ['-xa', quoted('(__fish_complete_directories)')];
    case 'choices':
      return [value.isOptional ? '-a' : '-xa', quoted(value.choices.join(' '))];
    default:
      return value.isOptional ? [] : ['-x'];
  }
}

function argumentLine({ name, argument }: CompletedCommand): string[] {
  const words =
    argument?.kind === 'run-id'
      ? `(odo complete-runs ${name} 2>/dev/null)`
      : argument?.kind === 'choices'
        ? argument.choices.join(' ')
        : null;
  return words === null ? [] : [`complete -c odo -n ${seen([name])} -k -a ${quoted(words)}`];
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
