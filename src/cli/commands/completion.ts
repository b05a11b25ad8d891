import { Argument, type Command } from 'commander';
import type { RunStatus } from '../../run/run-api.ts';
import { bashCompletion } from '../completion/bash.ts';
import { commandTable } from '../completion/command-table.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { CliContext } from '../context.ts';
import { chooseJournal } from '../journal-choice.ts';
import { loadFor, statusSettings } from '../options.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function addCompletion(program: Command, context: CliContext, exit: (code: number) => void): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .summary('print the completion script of a shell')
    .description(
      'Prints what makes a shell complete commands, options, their values and the ids of runs. For this shell alone: source <(odo completion bash), source <(odo completion zsh), odo completion fish | source. For good: write it to /etc/bash_completion.d/odo, to _odo in a folder of fpath, or to ~/.config/fish/completions/odo.fish.',
    )
    .action((shell: keyof typeof shells) => {
      context.host.stdout.write(shells[shell](commandTable(program)));
      exit(0);
    });
  addCompleteRuns(program, context, exit);
}

/** Of the newest ones: more are no help in a list. */
const offeredRuns = 200;

/** What the scripts call: a line a run, its id, a tab and what it is. Never an error: nobody could read it there. */
function addCompleteRuns(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program.command('complete-runs', { hidden: true }).argument('<command>');
  command.action(async (name: string) => {
    exit(0);
    try {
      const journal = chooseJournal(loadFor(command, statusSettings, context), context.host);
      const { runs } = await context.api.listRuns(journal.file, { last: offeredRuns });
      const fit = runs.filter((run) => isFor(name, run));
      context.host.stdout.write(
        fit.map(({ runId, kind, status, source }) => `${runId}\t${kind}, ${status}: ${source}\n`).join(''),
      );
    } catch {
      // Then nothing is offered.
    }
  });
}

/** Whether a command has anything to do with a run. */
function isFor(command: string, { status, next }: RunStatus): boolean {
  switch (command) {
    case 'resume':
      return next !== null;
    case 'promote':
      return status === 'held';
    case 'abandon':
      return status === 'failed' || status === 'interrupted' || status === 'held';
    default:
      return true;
  }
}
