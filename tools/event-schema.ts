/** The events of a run as JSON Schema: docs/events.schema.json, for scripts that read `--json`. */
import { z } from 'zod';
import { errorKinds } from '../src/errors/codes.ts';
import { phases } from '../src/run/run-events.ts';

const phase = z.enum(phases);
const text = z.string();
const time = text.describe('RFC 3339 in UTC');
const bytes = z.number().min(0);
const facts = z.record(text, z.union([text, z.number(), z.boolean(), z.null()]));
const verdict = z.enum(['passed', 'failed']).nullable().optional();
const lsn = text.regex(/^[0-9A-F]+\/[0-9A-F]+$/);

const error = z.object({
  code: z.enum(Object.keys(errorKinds) as [keyof typeof errorKinds]),
  message: text,
  hint: text.optional(),
  details: z.record(text, z.unknown()).optional(),
  causes: z.array(text).readonly(),
  stack: text.optional(),
});

const environment = z.object({
  odoVersion: text,
  nodeVersion: text,
  host: text,
  system: text,
  cpus: z.number(),
  memoryBytes: bytes,
});

const progress = { phase, done: bytes, total: bytes.nullable(), rate: z.number().nullable() };
const ahead = { etaMs: z.number().nullable(), item: text.nullable() };

const stop = z.object({
  side: z.enum(['before', 'after', 'at']),
  what: z.enum(['commit', 'abort', 'lsn', 'restore-point', 'consistency']),
  xid: text.nullable(),
  lsn: lsn.nullable(),
  name: text.nullable(),
  time: time.nullable(),
});

const proof = z.object({
  id: text,
  title: text,
  outcome: z.enum(['passed', 'failed', 'skipped', 'not-reached']),
  summary: text,
  details: z.array(text).readonly(),
  durationMs: z.number().nullable(),
});

const is = <Type extends string>(type: Type) => ({ at: time, runId: text, type: z.literal(type) });
const milestone = { ...is('recovery'), phase };

/** RunEvent again, for others than the compiler, which holds it to that type in a test. What a plan holds is not said. */
export const eventSchema = z.union([
  z.object({
    ...is('run'),
    status: z.enum(['started', 'resumed', 'abandoning']),
    kind: z.enum(['restore', 'drill']).optional(),
    environment: environment.optional(),
  }),
  z.object({ ...is('plan'), plan: z.unknown() }),
  z.object({
    ...is('phase'),
    phase,
    state: z.enum(['started', 'completed', 'failed']),
    attempt: z.number().min(1),
    earlier: z.boolean().optional(),
    durationMs: z.number().optional(),
    facts: facts.optional(),
  }),
  z.object({ ...is('progress'), ...progress, ...ahead, unit: z.enum(['bytes', 'segments']) }),
  z.object({
    ...is('progress'),
    ...progress,
    ...ahead,
    unit: z.literal('wal-bytes'),
    lsn,
    targetLsn: lsn.nullable(),
    commitTime: time.nullable(),
    targetTime: time.nullable(),
    percent: z.number().nullable(),
  }),
  z.object({ ...is('checkpoint'), phase, item: text, bytes }),
  z.object({ ...is('server-log'), line: text }),
  z.object({ ...milestone, state: z.literal('consistent'), lsn }),
  z.object({ ...milestone, state: z.literal('target-reached'), says: text, stop: stop.nullable() }),
  z.object({ ...milestone, state: z.enum(['paused-at-target', 'shut-down-at-target']) }),
  z.object({ ...milestone, state: z.literal('replayed'), lsn, lastTransaction: time.nullable() }),
  z.object({ ...milestone, state: z.literal('promoted'), timeline: z.number().min(1) }),
  z.object({ ...is('proof'), item: proof }),
  z.object({ ...is('notice'), level: z.enum(['info', 'warning']), message: text }),
  z.object({ ...is('refused'), error, others: z.array(error).readonly() }),
  z.object({ ...is('failed'), error, phase: phase.nullable() }),
  z.object({ ...is('interrupted'), phase: phase.nullable() }),
  z.object({ ...is('held'), reason: z.enum(['not-promoted', 'at-target', 'kept']), verdict, facts }),
  z.object({ ...is('declined') }),
  z.object({ ...is('abandoned'), target: text.nullable() }),
  z.object({
    ...is('evidence'),
    kind: z.enum(['report', 'metrics', 'notification']),
    where: text,
    problem: text.nullable(),
  }),
  z.object({
    ...is('completed'),
    durationMs: z.number().min(0),
    verdict,
    prepared: z.literal(true).optional(),
    facts,
  }),
]);

export function eventsJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(eventSchema, { io: 'input' });
  return {
    $schema,
    title: 'An event of odo --json',
    description: 'One line of odo start, drill, resume, promote or abandon. Fields and types may be added.',
    ...schema,
  };
}
