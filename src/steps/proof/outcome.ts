import { OdoError } from '../../errors/odo-error.ts';
import { toErrorData } from '../../errors/serialize.ts';
import { mostDetails } from '../../report/proof-item.ts';
import type { ToolResult } from '../../service/ask-server.ts';
import type { ProofResult, Proving } from './proof.ts';

export const skipped = (summary: string): ProofResult => ({ outcome: 'skipped', summary, details: [] });

export const passed = (summary: string, details: readonly string[] = []): ProofResult => ({
  outcome: 'passed',
  summary,
  details: bounded(details),
});

/** The first finding stands for all in the summary, for a list of findings shows no more than that. */
export function failed(findings: readonly [string, ...string[]]): ProofResult {
  const [first, ...more] = findings;
  const summary = more.length === 0 ? first : `${first}; and ${more.length} more`;
  return { outcome: 'failed', summary, details: more.length === 0 ? [] : bounded(findings) };
}

export const isSome = (lines: readonly string[]): lines is readonly [string, ...string[]] => lines.length > 0;

function bounded(lines: readonly string[]): readonly string[] {
  if (lines.length <= mostDetails) return lines;
  const shown = lines.slice(0, mostDetails - 1);
  return [...shown, `… and ${lines.length - shown.length} more`];
}

/** What a client of the server says when not the data but what it runs on is to blame. */
const surroundings =
  /no space left on device|out of (?:shared )?memory|cannot allocate memory|could not resize shared memory|too many clients|connection slots/i;

/**
 * The words with which a program of the server's failed, when they tell of the data: the server still answers, and
 * nothing around it is to blame. @throws STEP_FAILED otherwise, for then the data could not be looked at
 */
export async function findingOf(
  { context, server, superuser }: Proving,
  program: string,
  { exitCode, stderr }: ToolResult,
): Promise<string> {
  context.signal.throwIfAborted();
  const said = saidLast(stderr) ?? `${program} ended with exit code ${exitCode}`;
  if (exitCode > 125 || surroundings.test(stderr))
    throw new OdoError('STEP_FAILED', `${program} failed: ${said}`);
  await server.query('SELECT 1', { user: superuser, database: 'postgres' });
  return said;
}

/** The same of a query: a database whose catalog cannot be read takes no question at all. */
export function findingOfQuery(proving: Proving, error: unknown): Promise<string> {
  return findingOf(proving, 'psql', { exitCode: 1, stdout: '', stderr: toErrorData(error).message });
}

/** The server's own words in what one of its clients wrote to stderr, without the client's name and place in the script. */
export function saidLast(stderr: string): string | null {
  const lines = stderr.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => /(?:ERROR|FATAL|PANIC): {2}/.test(line));
  const last = errors.at(-1) ?? lines.findLast((line) => line !== '');
  return last?.replace(/^.*?(?:ERROR|FATAL|PANIC): {2}/, '') ?? null;
}
