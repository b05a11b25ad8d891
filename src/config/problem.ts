import { OdoError } from '../errors/odo-error.ts';

/** One thing that is wrong with the configuration; never a secret's value. */
export interface ConfigProblem {
  /** `odo.yaml line 4`, `flag -u`, `environment ODO_URL` */
  readonly where: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly key: string;
  readonly message: string;
  readonly expected: string | null;
  readonly suggestion: string | null;
}

/** All problems as one error: a person wants to mend the file once. */
export function configInvalid(problems: readonly ConfigProblem[]): OdoError {
  const [first] = problems;
  const message =
    problems.length === 1 && first !== undefined
      ? sentenceOf(first)
      : `The configuration has ${problems.length} problems.`;
  return new OdoError('CONFIG_INVALID', message, {
    hint: 'Settings and their values: docs/configuration.md, or --help of the command.',
    details: { problems: problems.map((problem) => ({ ...problem, text: sentenceOf(problem) })) },
  });
}

function sentenceOf(problem: ConfigProblem): string {
  const expected = problem.expected === null ? '' : `; expected ${problem.expected}`;
  const suggestion = problem.suggestion === null ? '' : ` Did you mean ${problem.suggestion}?`;
  return `${problem.where}: ${problem.message}${expected}.${suggestion}`;
}
