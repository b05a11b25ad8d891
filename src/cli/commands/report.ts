import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { formOfFile, type ReportForm, reportForms } from '../../report/report-form.ts';
import { reportMode, writeEvidenceFile } from '../../run/evidence/evidence-file.ts';
import type { CliContext } from '../context.ts';
import { findRun } from '../find-run.ts';
import { chooseJournal } from '../journal-choice.ts';
import { addOutputOptions, addSettings, isOn, loadFor, statusSettings } from '../options.ts';

export function addReport(program: Command, context: CliContext, exit: (code: number) => void): void {
  const group = 'What becomes of it:';
  const command = program
    .command('report')
    .argument('<run-id>', 'as odo start, odo drill and odo status show it')
    .summary('report what a run did, proved and measured')
    .description(
      'Reports a run, from the journal alone: its verdict, what was proved and disproved, recovery time and recovery point, phases, plan and surroundings. Of every run, whether it has ended or not; without --out and --format as Markdown on stdout.',
    )
    .addOption(
      new Option('--out <file>', 'write it there, as .html, .md, .json or .xml (may be given several times)')
        .argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file])
        .helpGroup(group),
    )
    .addOption(
      new Option('--format <form>', 'print it on stdout in this form; text is Markdown')
        .choices(['text', ...reportForms])
        .helpGroup(group),
    );
  addSettings(command, statusSettings);
  addOutputOptions(command, { json: 'print it on stdout as JSON, as --format json does' });
  command.action(async (runId: string) => {
    const { api, host } = context;
    const journal = chooseJournal(loadFor(command, statusSettings, context), host);
    const given: unknown = command.getOptionValue('out');
    const files = (Array.isArray(given) ? given.map(String) : []).map((file) => resolve(host.cwd, file));
    const forms = files.map(formOfFile);
    // It knows which run was probably meant.
    await findRun(api, journal.file, runId);
    const report = await api.makeReport(journal.file, runId);
    const { drawReport } = await import('../../report/draw-report.ts');
    for (const [index, file] of files.entries()) {
      const form = forms[index];
      if (form === undefined) continue;
      await writeEvidenceFile(file, drawReport(report, form), reportMode);
      host.stderr.write(`report in ${file}\n`);
    }
    const form = printedForm(command, files.length > 0);
    if (form !== null) host.stdout.write(drawReport(report, form));
    exit(0);
  });
}

function printedForm(command: Command, isWritten: boolean): ReportForm | null {
  const format: unknown = command.getOptionValue('format');
  if (format === undefined) return isOn(command, 'json') ? 'json' : isWritten ? null : 'markdown';
  return reportForms.find((form) => form === format) ?? 'markdown';
}
