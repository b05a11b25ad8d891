import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { importSettings } from '../../../src/config/import/import-settings.ts';
import { problemsIn, settingsText } from '../../../src/config/settings-text.ts';

const root = join(import.meta.dirname, '../../..');

/** As an editor reads it: the file that is published. */
const validate = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
}).compile(JSON.parse(readFileSync(join(root, 'docs/odo.schema.json'), 'utf8')));
const complaints = (text: string): string[] => {
  validate(parse(text));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};

/** Every odo.yaml that the documentation shows: of its other YAML, Compose files have services and alerts are a list. */
const examples = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) =>
    [...readFileSync(join(root, 'docs', name), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
      ([, text = ''], index) => ({ name: `${name} ${index + 1}`, text }),
    ),
  )
  .filter(({ text }) => !/^(services|apiVersion):|^- /m.test(text));

test('there are examples in the documentation', () => {
  expect(examples.length).toBeGreaterThanOrEqual(4);
});

test.for(examples)('the schema and odo itself accept the example of $name', ({ text }) => {
  expect(complaints(text)).toEqual([]);
  expect(problemsIn(text, '/srv/odo.yaml')).toEqual([]);
});

test('the schema accepts what odo writes', () => {
  const old =
    '[source]\ns3_url = s3://b\n[target]\nvolume_name = pgdata\n[postgres]\nreplace_conf = a.conf\n';
  const at = { name: 'recovery.conf', cwd: '/srv', file: '/srv/odo.yaml' };
  expect(complaints(importSettings(old, at))).toEqual([]);
  const settings = [
    { key: 'local', value: true, comment: [] },
    { key: 'dataDir', value: '/srv/pg: data #1', comment: ['Here.'] },
  ] as const;
  expect(complaints(settingsText('/srv/odo.yaml', { head: ['x'], settings, tail: [] }))).toEqual([]);
});

test.for([
  ['an unknown name', 'volum: pgdata\n', 'must NOT have additional properties'],
  ['a credential', 'secret-key: x\n', 'must NOT have additional properties'],
  ['a word that is none', 'target-action: wait\n', '/target-action'],
  ['a slip below a database', 'databases:\n  orders:\n    jbos: 2\n', '/databases/orders'],
] as const)('it marks %s', ([, text, complaint]) => {
  expect(complaints(text).join('\n')).toContain(complaint);
  expect(problemsIn(text, '/srv/odo.yaml')).not.toEqual([]);
});
