import { OdoError } from '../errors/odo-error.ts';
import { cutFileOf, parseChecksumsOutput } from '../postgres/pg-checksums-output.ts';
import { firstBlockOf, parseRelationFile } from '../postgres/relation-file.ts';
import type { ServerLauncher } from '../service/server-launcher.ts';
import { type PageTally, tellWrong } from './page-tally.ts';
import type { StepContext } from './step.ts';

/** Has pg_checksums of the server's own installation read every page. Returns how many there are. */
export async function serverPageCheck(
  context: StepContext,
  launcher: ServerLauncher,
  tally: PageTally,
  { blockBytes, blocksPerSegment }: { readonly blockBytes: number; readonly blocksPerSegment: number },
): Promise<number> {
  context.notice('info', 'pg_checksums reads every page of the restored database.');
  const { dataDirectory } = launcher.paths;
  const args = ['--check', '-D', dataDirectory];
  const answer = await launcher.runTool('pg_checksums', args, { asRoot: false, signal: context.signal });
  const relative = (path: string): string =>
    path.startsWith(`${dataDirectory}/`) ? path.slice(dataDirectory.length + 1) : path;
  const output = parseChecksumsOutput(answer.stdout, answer.stderr);
  if (output === null) {
    const cut = cutFileOf(answer.stderr);
    if (cut === null) throw couldNotCheck(answer);
    tally.cutFiles.push(relative(cut));
    return 0;
  }
  for (const { path: absolute, blockInFile, ...sums } of output.wrong) {
    const path = relative(absolute);
    const file = parseRelationFile(path);
    const first = file === null ? 0 : firstBlockOf(file, blockBytes, blocksPerSegment);
    tellWrong(tally, file ?? { fork: 'main' }, { path, block: first + blockInFile, ...sums });
  }
  return output.pages;
}

function couldNotCheck({ exitCode, stdout, stderr }: { exitCode: number; stdout: string; stderr: string }) {
  const said = (stderr.trim() || stdout.trim()).split('\n').at(-1);
  return new OdoError(
    'STEP_FAILED',
    `pg_checksums could not check the restored database: ${said || `exit code ${exitCode}`}`,
    {
      hint: 'It must be part of the installation that runs the recovery. Where it is not, start the run with --page-checksums stream: odo checks the pages itself.',
      details: { exitCode, stderr: stderr.slice(-2000) },
    },
  );
}
