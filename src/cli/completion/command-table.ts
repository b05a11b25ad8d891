import type { Command, Option } from 'commander';
import { choicesOf, type SettingKey, settingKeys } from '../../config/schema.ts';
import { cut } from '../render/text.ts';

/** As much as a line of a menu has room for. @unit columns */
const menuWidth = 72;

/** What comes behind an option, or in the place of an argument. */
export type ValueKind =
  | { readonly kind: 'file' | 'directory' | 'run-id' | 'text' }
  | { readonly kind: 'choices'; readonly choices: readonly string[] };

export interface CompletedOption {
  readonly long: string;
  readonly short: string | null;
  readonly description: string;
  /** Null for a switch. */
  readonly value: (ValueKind & { readonly name: string; readonly isOptional: boolean }) | null;
  readonly repeats: boolean;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly argument: (ValueKind & { readonly name: string }) | null;
}

/** The commands and options of a program as a shell completes them: what its help shows. */
export function commandTable(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  return help
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map((command) => {
      const [argument] = command.registeredArguments;
      return {
        name: command.name(),
        summary: command.summary(),
        options: help.visibleOptions(command).map(completedOption),
        argument:
          argument === undefined
            ? null
            : { ...kindOf(argument.name(), argument.argChoices), name: argument.name() },
      };
    });
}

function completedOption(option: Option): CompletedOption {
  const [, brackets = '', name = ''] = /([<[])(.+?)[>\]]/.exec(option.flags) ?? [];
  const key = settingKeys.find((one) => one === option.attributeName());
  return {
    long: option.long ?? '',
    short: option.short ?? null,
    description: cut(option.description, menuWidth),
    value:
      brackets === '' || option.negate
        ? null
        : { ...kindOf(name, option.argChoices ?? choicesOfSetting(key)), name, isOptional: brackets === '[' },
    repeats: option.variadic || option.parseArg !== undefined,
  };
}

const choicesOfSetting = (key: SettingKey | undefined): readonly string[] | undefined =>
  key === undefined ? undefined : choicesOf(key);

function kindOf(name: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: 'choices', choices };
  if (name === 'file') return { kind: 'file' };
  if (name === 'dir') return { kind: 'directory' };
  return { kind: name === 'run-id' ? 'run-id' : 'text' };
}
