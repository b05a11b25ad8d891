import { Command, CommanderError } from 'commander';
import { SecretRedactor } from '../config/redact.ts';
import { errorKinds } from '../errors/codes.ts';
import { OdoError } from '../errors/odo-error.ts';
import { toErrorData } from '../errors/serialize.ts';
import { odoVersion } from '../run/odo-version.ts';
import { addAbandon } from './commands/abandon.ts';
import { addBackup } from './commands/backup.ts';
import { addBackups } from './commands/backups.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrill } from './commands/drill.ts';
import { addInit } from './commands/init.ts';
import { addPlan } from './commands/plan.ts';
import { addReport } from './commands/report.ts';
import { addPromote, addResume } from './commands/resume.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import type { CliApi, CliContext } from './context.ts';
import { reportError } from './exit.ts';
import {
  backupExamples,
  description,
  drillExamples,
  environmentHelp,
  exitCodesHelp,
  startExamples,
} from './help.ts';
import type { Host, Output } from './host.ts';
import { writeJsonLine } from './render/json-lines.ts';

const examplesOf: Readonly<Record<string, string>> = {
  start: startExamples,
  plan: startExamples,
  drill: drillExamples,
  backup: backupExamples,
};

/** The whole command line; `exit` gets the code of the command that ran. */
export function createProgram(context: CliContext, exit: (code: number) => void): Command {
  const { host } = context;
  const program = new Command('odo')
    .description(description)
    .version(odoVersion, '--version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      getOutHelpWidth: () => helpWidth(host.stdout),
      getErrHelpWidth: () => helpWidth(host.stderr),
      outputError: (text, write) => write(withoutValues(text).replace(/^error: /, 'odo: ')),
    })
    .addHelpText('after', startExamples + environmentHelp + exitCodesHelp());
  for (const add of [
    addStart,
    addDrill,
    addResume,
    addStatus,
    addBackup,
    addBackups,
    addPlan,
    addPromote,
    addAbandon,
    addReport,
    addDoctor,
    addInit,
    addConfig,
    addCompletion,
  ])
    add(program, context, exit);
  for (const command of program.commands) {
    command.showHelpAfterError(`hint: all options are listed by: odo ${command.name()} --help`);
    const examples = examplesOf[command.name()];
    command.addHelpText(
      'after',
      examples === undefined
        ? '\nExit codes and settings: odo --help'
        : examples + environmentHelp + exitCodesHelp(),
    );
  }
  return program;
}

/** Runs one command line and returns the exit code. */
export async function runProgram(argv: readonly string[], api: CliApi, bareHost: Host): Promise<number> {
  const secrets = new SecretRedactor();
  const host = withoutSecretsOn(bareHost, secrets);
  // Before anything is parsed: an error about the command line may quote it.
  const json = argv.includes('--json');
  let exitCode: number = errorKinds.BUG.exitCode;
  try {
    const program = createProgram({ api, host, secrets }, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (json && error.code !== 'commander.help') {
        const usage = new OdoError('USAGE', withoutValues(error.message).replace(/^error: /, ''));
        writeJsonLine(host, { type: 'error', error: toErrorData(usage) });
      }
      return errorKinds.USAGE.exitCode;
    }
    return reportError(error, host, { json, verbose: argv.includes('--verbose') });
  }
}

const helpWidth = (output: Output): number => Math.min(100, Math.max(60, output.columns()));

/** `unknown option '--secret-kye=…'`: what follows the sign may be a secret. */
const withoutValues = (text: string): string => text.replaceAll(/(--?[\w-]+=)[^'\s]*/g, '$1…');

/** The same host, on whose outputs no secret is seen. */
export const withoutSecretsOn = (host: Host, secrets: SecretRedactor): Host => ({
  ...host,
  stdout: redacting(host.stdout, secrets),
  stderr: redacting(host.stderr, secrets),
});

function redacting(output: Output, secrets: SecretRedactor): Output {
  return {
    isTerminal: output.isTerminal,
    columns: () => output.columns(),
    rows: () => output.rows(),
    write: (text) => output.write(secrets.redact(text)),
    get isClosed() {
      return output.isClosed;
    },
  };
}
