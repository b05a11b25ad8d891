import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { resolveCredentials } from '../../config/credentials.ts';
import { toRestoreRequest } from '../../config/request.ts';
import { errorKinds } from '../../errors/codes.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import { planDocument, writePlanFile } from '../../run/plan-file.ts';
import { confirmPlan } from '../confirm.ts';
import type { CliContext } from '../context.ts';
import { displayedSettings } from '../displayed-settings.ts';
import { wantsDebug } from '../exit.ts';
import { chooseJournal } from '../journal-choice.ts';
import { addOutputOptions, addSettings, isOn, loadFor, restoreSettings } from '../options.ts';
import { errorsText } from '../render/error-text.ts';
import { writeJsonLine } from '../render/json-lines.ts';
import { planText } from '../render/plan-text.ts';
import { watchSignals } from '../signals.ts';

export function addPlan(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('plan')
    .summary('check everything and show what start would do')
    .description(
      'Makes every preliminary check of odo start and shows what it would read, stop, remove, create and write, and where each setting comes from, as a page that can be signed. Changes nothing. Takes the same options as odo start. With --out the plan is also written to a file, which odo start --plan executes exactly.',
    )
    .addOption(
      new Option('--out <file>', 'also write the plan to this file, for odo start --plan').helpGroup(
        'A plan to be agreed to:',
      ),
    );
  addSettings(command, restoreSettings);
  addOutputOptions(command, { json: 'print the plan as a JSON line on stdout', verbose: true });
  command.action(async () => {
    const { api, host } = context;
    const loaded = loadFor(command, restoreSettings, context);
    const request = toRestoreRequest(loaded, host.cwd);
    const credentials = resolveCredentials(loaded);
    const out: unknown = command.getOptionValue('out');
    const outFile = typeof out === 'string' ? resolve(host.cwd, out) : null;
    using signals = watchSignals(host, { onFirst: () => {}, onSecond: () => {} });
    const stopped = (): number | null => signals.exitCode();
    try {
      const { plan, problems } = await api.planRun(request, {
        journalFile: chooseJournal(loaded, host).file,
        planFile: outFile,
        credentials,
        signal: signals.signal,
        onEvent: (event) => {
          if (event.type === 'notice')
            host.stderr.write(`${event.level === 'warning' ? 'warning: ' : ''}${event.message}\n`);
        },
        confirm: (one) => confirmPlan(one, host, signals.signal),
        agree: async () => false,
      });
      if (plan === null && problems.length === 0)
        throw new OdoError('BUG', 'There is neither a plan nor a reason.');
      const exitCode = exitCodeOf(problems);
      const document = planDocument({
        request,
        plan,
        problems,
        settings: displayedSettings(loaded),
        exitCode,
      });
      // Of a plan with failed checks there is nothing to agree to.
      const file = exitCode === 0 ? outFile : null;
      if (file !== null) await writePlanFile(file, document);
      if (isOn(command, 'json')) {
        writeJsonLine(host, { ...document });
      } else if (plan !== null) {
        const page = planText(plan, loaded, { ...document, file, width: host.stdout.columns() });
        host.stdout.write(`${page.join('\n')}\n`);
      }
      const [first, ...others] = problems;
      if (first !== undefined) {
        const width = host.stderr.isTerminal ? host.stderr.columns() - 1 : Number.MAX_SAFE_INTEGER;
        const withStack = isOn(command, 'verbose') || wantsDebug(host);
        host.stderr.write(`${errorsText(first, others, { width, withStack }).join('\n')}\n`);
      }
      exit(exitCode);
    } catch (error) {
      const code = stopped();
      if (code === null) throw error;
      exit(code);
    }
  });
}

/** Nothing was touched: what would be "step failed, resumable" in a run is a failed check here. */
function exitCodeOf([first]: readonly ErrorData[]): number {
  if (first === undefined) return 0;
  const { exitCode } = errorKinds[first.code];
  return exitCode === errorKinds.STEP_FAILED.exitCode ? errorKinds.PRECONDITION_FAILED.exitCode : exitCode;
}
