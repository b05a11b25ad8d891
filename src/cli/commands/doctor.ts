import type { Command } from 'commander';
import { resolveCredentials } from '../../config/credentials.ts';
import { toDoctorRequest } from '../../config/doctor-request.ts';
import { errorKinds } from '../../errors/codes.ts';
import type { Finding } from '../../run/doctor/finding.ts';
import type { CliContext } from '../context.ts';
import { chooseJournal } from '../journal-choice.ts';
import { addOutputOptions, addSettings, doctorSettings, isOn, loadFor } from '../options.ts';
import { countsOf, findingText, verdictText } from '../render/doctor-text.ts';
import { writeJsonLine } from '../render/json-lines.ts';
import { untilSignal } from '../signals.ts';

export function addDoctor(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('doctor')
    .summary('look whether this machine and the store are fit for a restore')
    .description(
      'Looks at what a restore needs: the container engine and Compose, the object store with the configured address and credentials, disks, PostgreSQL, programs, the clock, rights and the journal. Says of each what was found, and of what is wrong how to mend it. Judges by what is configured, and changes nothing. odo plan goes on from there, with one backup.',
    );
  addSettings(command, doctorSettings);
  addOutputOptions(command, { json: 'print every finding as a JSON line on stdout' });
  command.action(async () => {
    const { api, host } = context;
    const loaded = loadFor(command, doctorSettings, context);
    const request = toDoctorRequest(loaded, host.cwd);
    const json = isOn(command, 'json');
    const findings: Finding[] = [];
    const examine = async (signal: AbortSignal): Promise<number> => {
      await api.examine(request, {
        journalFile: chooseJournal(loaded, host).file,
        credentials: resolveCredentials(loaded),
        signal,
        onFinding: (finding) => {
          findings.push(finding);
          if (json) writeJsonLine(host, { type: 'finding', ...finding });
          else
            host.stdout.write(
              findingText(finding, host.stdout.columns() - 1)
                .map((line) => `${line}\n`)
                .join(''),
            );
        },
      });
      const counts = countsOf(findings);
      const exitCode = counts.problems > 0 ? errorKinds.PRECONDITION_FAILED.exitCode : 0;
      if (json) writeJsonLine(host, { type: 'doctor', ...counts, exitCode });
      else host.stdout.write(`\n${verdictText(findings)}\n`);
      return exitCode;
    };
    exit(await untilSignal(host, examine));
  });
}
