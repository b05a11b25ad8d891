import type { ErrorData } from '../../errors/serialize.ts';
import type { LogDiagnosis } from '../../run/run-api.ts';
import { indented, labelled } from './text.ts';

const shownLogLines = 15;

export interface ErrorTextOptions {
  readonly width: number;
  readonly withStack: boolean;
}

/** An error for a person: what, the single problems, why, and what to do next. */
export function errorText(error: ErrorData, { width, withStack }: ErrorTextOptions): string[] {
  const lines = labelled('odo:', error.message, { labelWidth: 5, width });
  for (const text of problemTexts(error)) lines.push(...indented(`- ${text}`, 5, width));
  for (const cause of error.causes) {
    if (!error.message.includes(cause))
      lines.push(...labelled('', `because: ${cause}`, { labelWidth: 5, width }));
  }
  lines.push(...diagnosisTexts(error, width), ...serverLogTexts(error));
  if (error.hint !== undefined) lines.push(...labelled('hint:', error.hint, { labelWidth: 6, width }));
  if (error.code === 'BUG') {
    lines.push(
      ...labelled(
        'hint:',
        `This is a bug in odo. Please report it${withStack ? '' : ', with the output of the same command under ODO_DEBUG=1'}.`,
        { labelWidth: 6, width },
      ),
    );
    if (withStack && error.stack !== undefined) lines.push(error.stack);
  }
  return lines;
}

/** Several failed checks, each with its own way out. */
export function errorsText(
  first: ErrorData,
  others: readonly ErrorData[],
  options: ErrorTextOptions,
): string[] {
  const lines = errorText(first, options);
  for (const other of others) lines.push(...errorText(other, options));
  return lines;
}

/** What the server's log means. The message has the words themselves. */
function diagnosisTexts(error: ErrorData, width: number): string[] {
  const found: unknown = error.details?.diagnosis;
  if (typeof found !== 'object' || found === null) return [];
  const { cause, because, consequence } = found as Partial<LogDiagnosis>;
  const row = (label: string, text: string | null | undefined): string[] =>
    text == null ? [] : labelled(`     ${label}`, text, { labelWidth: 18, width });
  return [...row('cause:', cause), ...row('as it said:', because?.says), ...row('consequence:', consequence)];
}

/** The server's own last words, when the error came from its log; uncut, so that they can be searched for. */
function serverLogTexts(error: ErrorData): string[] {
  const log = error.details?.serverLog;
  if (!Array.isArray(log) || log.length === 0) return [];
  return ['     last lines of the server log:', ...log.slice(-shownLogLines).map((line) => `       ${line}`)];
}

function problemTexts(error: ErrorData): string[] {
  const problems = error.details?.problems;
  if (!Array.isArray(problems)) return [];
  const texts = problems.flatMap((problem: unknown) =>
    typeof problem === 'object' && problem !== null && 'text' in problem && typeof problem.text === 'string'
      ? [problem.text]
      : [],
  );
  return texts.length === 1 && texts[0] === error.message ? [] : texts;
}
