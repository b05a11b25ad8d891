import type { CompletedCommand, CompletedOption } from './command-table.ts';

/** For bash 4 and later, with and without the package bash-completion. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  return `# bash completion of odo. Load it with: source <(odo completion bash)
_odo() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # bash makes a word of the sign in --option=value.
  if [[ $current == = ]]; then current=
  elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${[...names, '--help', '--version'].join(' ')}' -- "$current"))
    return
  fi
  case $command:$before in
${commands.flatMap(valueCases).join('\n')}
  esac
  if [[ $current != -* ]]; then
    case $command in
${commands.flatMap(argumentCase).join('\n')}
    esac
    return
  fi
  case $command in
${commands.map(optionCase).join('\n')}
  esac
}

# Names with blanks stay one word each.
_odo_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$2"))
}

complete -F _odo odo
`;
}

const wordsOf = ({ long, short }: CompletedOption): string[] => [long, ...(short === null ? [] : [short])];

/** Options with a value, those that complete alike in one pattern. */
function valueCases({ name, options }: CompletedCommand): string[] {
  const actions = Map.groupBy(
    options.flatMap((option) => {
      const action = actionOf(option);
      return action === null ? [] : [{ action, patterns: wordsOf(option).map((word) => `${name}:${word}`) }];
    }),
    ({ action }) => action,
  );
  return [...actions].map(
    ([action, alike]) => `    ${alike.flatMap(({ patterns }) => patterns).join('|')})\n      ${action} ;;`,
  );
}

/** Null: a switch, behind which the next word begins anew. */
function actionOf({ value }: CompletedOption): string | null {
  if (value === null) return null;
  // Behind an optional value another option may stand as well.
  const guard = value.isOptional ? '[[ $current == -* ]] || ' : '';
  const completed = (what: string): string =>
    value.isOptional ? `if [[ $current != -* ]]; then ${what}; return; fi` : `${what}; return`;
  switch (value.kind) {
    case 'file':
      return completed('_odo_paths -f "$current"');
    case 'directory':
      return completed('_odo_paths -d "$current"');
    case 'choices':
      return completed(`COMPREPLY=($(compgen -W '${value.choices.join(' ')}' -- "$current"))`);
    default:
      return `${guard}return`;
  }
}

function argumentCase({ name, argument }: CompletedCommand): string[] {
  if (argument?.kind === 'run-id') {
    const runs = `odo complete-runs ${name} 2>/dev/null | cut -f 1`;
    return [`    ${name}) COMPREPLY=($(compgen -W "$(${runs})" -- "$current")) ;;`];
  }
  if (argument?.kind === 'choices') {
    return [`    ${name}) COMPREPLY=($(compgen -W '${argument.choices.join(' ')}' -- "$current")) ;;`];
  }
  return [];
}

const optionCase = ({ name, options }: CompletedCommand): string =>
  `    ${name}) COMPREPLY=($(compgen -W '${options.flatMap(wordsOf).join(' ')}' -- "$current")) ;;`;
