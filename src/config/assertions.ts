import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { nearest } from '../errors/nearest.ts';
import type { Assertion, Expectation } from '../steps/drill-request.ts';
import * as values from './values.ts';
import type { YamlFile } from './yaml-file.ts';

const defaultTimeout = '1m';

/** What an assertion of odo.yaml consists of; docs/configuration.md and the JSON Schema come from this table. */
export const assertionKeys = {
  name: {
    meaning: 'what it is called in reports',
    value: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^[^\n\r]*$/)
      .meta({ description: 'up to 100 characters in one line' }),
  },
  database: {
    meaning: 'where it is asked; default: the database of the operator’s roles, or postgres',
    value: values.text,
  },
  sql: { meaning: 'the question, asked in a read-only transaction', value: values.text },
  expect: {
    meaning: 'the only row’s first column is this, as psql shows it',
    value: z
      .union([z.string(), z.number(), z.boolean()])
      .meta({ description: 'text, a number, true or false' }),
  },
  'min-rows': {
    meaning: 'there are at least so many rows',
    value: values.wholeNumber(0, Number.MAX_SAFE_INTEGER),
  },
  'max-age': {
    meaning: 'the first row’s first column is a time that lies at most so long before the drill began',
    value: values.duration,
  },
  timeout: { meaning: `how long it may take; default: ${defaultTimeout}`, value: values.duration },
} as const satisfies Record<string, { meaning: string; value: z.ZodType }>;

type AssertionKey = keyof typeof assertionKeys;

const isAssertionKey = (name: string): name is AssertionKey => Object.hasOwn(assertionKeys, name);

/** One of them says what is right. */
export const expectationKeys = ['expect', 'min-rows', 'max-age'] as const satisfies readonly AssertionKey[];

/** The section `assertions` of the file or of one database; everything wrong about it is complained of. */
export function readAssertions(file: YamlFile, node: unknown, line: number | null): Assertion[] {
  if (file.toPlain(node) == null) return [];
  if (!isSeq(node)) {
    file.complain(
      line,
      'assertions',
      'assertions must be a list of "- name: …" with sql and what is expected',
    );
    return [];
  }
  const assertions: Assertion[] = [];
  for (const item of node.items) {
    const at = file.lineAt(item) ?? line;
    if (!isMap(item)) {
      file.complain(at, 'assertions', 'an assertion must have name, sql and what is expected');
      continue;
    }
    const assertion = readAssertion(file, item, at);
    if (assertion === null) continue;
    // Its name is its line in every report.
    if (assertions.some(({ name }) => name === assertion.name))
      file.complain(
        at,
        'name',
        `there is another assertion ${JSON.stringify(assertion.name)} in the same list`,
      );
    else assertions.push(assertion);
  }
  return assertions;
}

/** Those of one database: the common ones, of which it may replace some, and its own. */
export function assertionsOf(common: readonly Assertion[], own: readonly Assertion[]): Assertion[] {
  return [...common.filter(({ name }) => own.every((one) => one.name !== name)), ...own];
}

function readAssertion(file: YamlFile, item: YAMLMap, at: number | null): Assertion | null {
  const before = file.problems.length;
  const found = new Map<AssertionKey, unknown>();
  for (const { name, line, node } of file.entriesOf(item)) {
    if (!isAssertionKey(name)) {
      const suggestion = nearest(name, Object.keys(assertionKeys))[0] ?? null;
      file.complain(line, name, `an assertion has no ${name}`, { suggestion });
      continue;
    }
    const { value } = assertionKeys[name];
    const parsed = value.safeParse(name === 'expect' ? expectedText(node) : file.toPlain(node));
    if (parsed.success) found.set(name, parsed.data);
    else {
      const shown = isScalar(node) ? JSON.stringify(node.value) : 'a list or a group';
      const expected = value.meta()?.description ?? 'another value';
      file.complain(line, name, `${name} is ${shown}`, { expected });
    }
  }
  const called = found.has('name') ? ` ${JSON.stringify(found.get('name'))}` : '';
  const names = file.entriesOf(item).map(({ name }) => name);
  for (const key of ['name', 'sql'] as const)
    if (!names.includes(key)) file.complain(at, key, `the assertion${called} has no ${key}`);
  const chosen = expectationKeys.filter((key) => names.includes(key));
  if (chosen.length !== 1) {
    const has = chosen.length === 0 ? 'does not say what is expected' : `has ${chosen.join(' and ')}`;
    file.complain(at, 'expect', `the assertion${called} ${has}`, {
      expected: `one of ${expectationKeys.join(', ')}`,
    });
  }
  if (file.problems.length > before) return null;
  return {
    name: String(found.get('name')),
    database: found.has('database') ? String(found.get('database')) : null,
    sql: String(found.get('sql')),
    expect: toExpectation(found),
    timeoutMs: Number(found.get('timeout') ?? values.parseDuration(defaultTimeout)),
  };
}

/** As it is written (`1.50`, not 1.5), and `t` or `f` as the server shows them. */
function expectedText(node: unknown): unknown {
  if (!isScalar(node)) return node;
  if (typeof node.value === 'boolean') return node.value ? 't' : 'f';
  return typeof node.value === 'number' ? (node.source ?? String(node.value)) : node.value;
}

function toExpectation(found: ReadonlyMap<AssertionKey, unknown>): Expectation {
  if (found.has('min-rows')) return { kind: 'min-rows', rows: Number(found.get('min-rows')) };
  if (found.has('max-age')) return { kind: 'max-age', ms: Number(found.get('max-age')) };
  return { kind: 'value', value: String(found.get('expect')) };
}
