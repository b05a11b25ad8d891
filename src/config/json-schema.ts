import { z } from 'zod';
import { assertionKeys, expectationKeys } from './assertions.ts';
import { mayComeFrom, type SettingKey, settingKeys, settingName, settingOf } from './schema.ts';

/** JSON Schema of odo.yaml, for editors. */
export function yamlJsonSchema(): Record<string, unknown> {
  const keys = settingKeys.filter((key) => mayComeFrom(key, 'file'));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'odo.yaml',
    description: 'Settings of odo. Credentials do not belong here.',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(keys.map((key) => [settingName(key), settingSchema(key)])),
      assertions: {
        description: 'questions to every restored database of a drill, and what they must answer',
        type: ['array', 'null'],
        items: assertionSchema(),
      },
      databases: {
        description: 'what odo drill --all drills, by name, each with what is different there',
        type: ['object', 'null'],
        additionalProperties: databaseSchema(),
      },
    },
  };
}

function settingSchema(key: SettingKey): Record<string, unknown> {
  const one = settingOf(key);
  const { description: expected, ...schema } = valueSchema(one.value);
  const description = `${one.description}; ${expected}`;
  return { ...schema, description, ...(one.default === null ? {} : { default: one.default }) };
}

function assertionSchema(): Record<string, unknown> {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'sql'],
    oneOf: expectationKeys.map((key) => ({ required: [key] })),
    properties: Object.fromEntries(
      Object.entries(assertionKeys).map(([name, { meaning, value }]) => {
        const { description: expected, ...schema } = valueSchema(value);
        return [name, { ...schema, description: `${meaning}; ${expected}` }];
      }),
    ),
  };
}

function databaseSchema(): Record<string, unknown> {
  const names = settingKeys.filter((key) => mayComeFrom(key, 'database')).map(settingName);
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(
      [...names, 'assertions'].map((name) => [name, { $ref: `#/properties/${name}` }]),
    ),
  };
}

function valueSchema(value: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(value, { io: 'input' });
  return schema;
}
