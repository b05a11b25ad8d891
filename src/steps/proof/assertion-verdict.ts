import { shortTime } from '../../postgres/timestamp.ts';
import { formatDuration } from '../../report/units.ts';
import type { Expectation } from '../drill-request.ts';
import type { AssertionAnswer } from './assertion-script.ts';
import { failed, passed } from './outcome.ts';
import type { ProofResult } from './proof.ts';

/** Says what was found and what was expected. `beganAtMs`: of the drill, against which ages are measured. */
export function assertionVerdict(
  expect: Expectation,
  answer: AssertionAnswer,
  beganAtMs: number,
): ProofResult {
  switch (expect.kind) {
    case 'value':
      return valueVerdict(expect.value, answer);
    case 'min-rows':
      return answer.rows >= expect.rows
        ? passed(`There are at least ${rowsText(expect.rows)}.`)
        : failed([`There are ${rowsText(answer.rows)}, and at least ${expect.rows} were expected.`]);
    case 'max-age':
      return ageVerdict(expect.ms, answer, beganAtMs);
  }
}

const rowsText = (rows: number): string => (rows === 1 ? '1 row' : `${rows} rows`);

function valueVerdict(expected: string, { rows, value }: AssertionAnswer): ProofResult {
  const wanted = JSON.stringify(expected);
  if (rows === 0) return failed([`The query returns no row, and ${wanted} was expected.`]);
  if (rows > 1) return failed([`The query returns more than one row, and only ${wanted} was expected.`]);
  if (value === null) return failed([`The answer is null, and ${wanted} was expected.`]);
  // psql shows `t` for what the server casts to `true`.
  const isSame = value === expected || (/^(?:true|false)$/.test(value) && value.charAt(0) === expected);
  return isSame
    ? passed(`The answer is ${wanted}.`)
    : failed([`The answer is ${JSON.stringify(value)}, and ${wanted} was expected.`]);
}

function ageVerdict(
  mostMs: number,
  { rows, value, micros }: AssertionAnswer,
  beganAtMs: number,
): ProofResult {
  const allowed = `at most ${formatDuration(mostMs)} were allowed`;
  if (rows === 0) return failed([`The query returns no row, so there is no time; ${allowed}.`]);
  if (value === null || micros === null) return failed([`The newest time is null; ${allowed}.`]);
  const ageMs = beganAtMs - Number(BigInt(micros) / 1000n);
  const when = shortTime(BigInt(micros)).replace('T', ' ');
  const distance =
    ageMs >= 0
      ? `${formatDuration(ageMs)} before the drill began`
      : `${formatDuration(-ageMs)} after the drill began`;
  const found = `The newest is of ${when}, ${distance}`;
  return ageMs <= mostMs ? passed(`${found}.`) : failed([`${found}; ${allowed}.`]);
}
