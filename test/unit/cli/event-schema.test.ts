import { expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import type { RunEvent } from '../../../src/run/run-events.ts';
import { eventSchema, eventsJsonSchema } from '../../../tools/event-schema.ts';
import { halfARun, otherHalf, sampleEvents, sampleReplay } from '../../../tools/sample-events.ts';

test('the schema takes every event that a run tells, by its type', () => {
  expectTypeOf<RunEvent>().toExtend<z.input<typeof eventSchema>>();
});

test.each([...Object.values(sampleEvents), sampleReplay, ...halfARun, ...otherHalf])(
  'takes the event $type at $at',
  (event) => {
    expect(eventSchema.safeParse(JSON.parse(JSON.stringify(event))).error).toBeUndefined();
  },
);

test.each([
  ['of no type that there is', { ...sampleEvents.declined, type: 'vanished' }],
  ['of a phase that there is not', { ...sampleEvents.checkpoint, phase: 'resting' }],
  ['without its run', { ...sampleEvents.declined, runId: undefined }],
  [
    'with an error of no known code',
    { ...sampleEvents.failed, error: { code: 'ODD', message: 'It is odd.', causes: [] } },
  ],
])('refuses an event %s', (_, event) => {
  expect(eventSchema.safeParse(event).success).toBe(false);
});

test('as JSON Schema lets fields be added', () => {
  expect(JSON.stringify(eventsJsonSchema())).not.toContain('"additionalProperties":false');
});
