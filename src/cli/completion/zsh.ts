import type { CompletedCommand, CompletedOption, ValueKind } from './command-table.ts';

/** For a file `_odo` in fpath, and for `source`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef odo
# zsh completion of odo: a file _odo in a folder of fpath, or: source <(odo completion zsh)
_odo() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  _arguments -C '(- *)'{-h,--help}'[show this help]' '(- *)--version[show the version]' '1:command:->command' '*::argument:->rest'
  case $state in
    command) _describe -t commands 'command' commands ;;
    rest)
      case $words[1] in
${commands.map(commandCase).join('\n')}
      esac ;;
  esac
}

_odo_runs() {
  local -a runs
  runs=(\${\${(f)"$(odo complete-runs $1 2>/dev/null)"}/$'\\t'/:})
  _describe -t runs 'run' runs
}

if [[ $funcstack[1] == _odo ]]; then _odo "$@"; else compdef _odo odo; fi
`;
}

function commandCase({ name, options, argument }: CompletedCommand): string {
  const specs = options.map(specOf);
  if (argument !== null) specs.push(quoted(`1:${argument.name}:${actionOf(argument, name)}`));
  return `        ${name})\n          _arguments \\\n${specs.map((spec) => `            ${spec}`).join(' \\\n')} ;;`;
}

/** As _arguments takes them: `'(-u --url)'{-u,--url}'[meaning]:url:action'`. */
function specOf({ long, short, description, value, repeats }: CompletedOption): string {
  const meaning = `[${description.replaceAll(/[[\]\\]/g, '\\$&').replaceAll(':', '\\:')}]`;
  const argument =
    value === null
      ? ''
      : `${value.isOptional ? '::' : ':'}${value.name.replaceAll(':', '\\:')}:${actionOf(value)}`;
  if (short === null) return quoted(`${repeats ? '*' : ''}${long}${meaning}${argument}`);
  const exclusive = repeats ? "'*'" : quoted(`(${short} ${long})`);
  return `${exclusive}{${short},${long}}${quoted(meaning + argument)}`;
}

function actionOf(value: ValueKind, command = ''): string {
  switch (value.kind) {
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'choices':
      return `(${value.choices.join(' ')})`;
    case 'run-id':
      // With a blank before it _arguments adds no options of its own.
      return ` _odo_runs ${command}`;
    case 'text':
      return ' ';
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
