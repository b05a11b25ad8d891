import { expect, it } from 'vitest';
import { confirmPlan } from '../../../src/cli/confirm.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { fakeHost } from './fake-host.ts';

const directory: RestorePlan = {
  ...samplePlan,
  target: { kind: 'data-directory', path: '/srv/pg/data' },
  targetDescription: '/srv/pg/data',
};
const container: RestorePlan = { ...samplePlan, service: { kind: 'container', container: 'pg' } };

async function answer(plan: RestorePlan, ...answers: (string | null)[]) {
  const host = fakeHost({ terminal: true });
  host.answers = answers;
  const confirmation = await confirmPlan(plan, host, new AbortController().signal);
  return { confirmation, text: host.stderr.text(), prompts: host.prompts };
}

it('explains what would be removed before it asks', async () => {
  const { text, prompts, confirmation } = await answer(samplePlan, '3');
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'The restore first removes a PostgreSQL 17 data directory, 40.9 GiB, system identifier 7563829104756382910 in volume shop_pgdata.',
  );
  expect(prompts).toEqual(['Choose 1, 2 or 3: ']);
  expect(confirmation).toEqual({ answer: 'decline' });
});

it.each([
  ['shop_pgdata', 'go'],
  ['yes', 'go'],
  ['YES', 'go'],
  [' yes ', 'go'],
  ['y', 'decline'],
  ['', 'decline'],
  ['pgdata', 'decline'],
  [null, 'decline'],
])('removes data after %j was typed: %s', async (typed, expected) => {
  expect((await answer(samplePlan, '1', typed)).confirmation).toEqual({ answer: expected });
});

it('takes the name or the path of a directory', async () => {
  expect((await answer(directory, '1', 'data')).confirmation).toEqual({ answer: 'go' });
  expect((await answer(directory, '1', '/srv/pg/data')).confirmation).toEqual({ answer: 'go' });
});

it('suggests a new volume, takes another name, and asks again for one that is none', async () => {
  expect((await answer(samplePlan, '2', '')).confirmation).toEqual({
    answer: 'new-volume',
    name: 'odo-20261122-220955-k3f9-pgdata',
  });
  expect((await answer(samplePlan, '2', '/srv', 'fresh')).confirmation).toEqual({
    answer: 'new-volume',
    name: 'fresh',
  });
});

it.each([
  ['a directory', directory],
  ['the volume of a container', container],
])('offers no new volume for %s', async (_, plan) => {
  const { text, prompts, confirmation } = await answer(plan, '2', '3');
  expect(text).not.toContain('  2: ');
  expect(prompts).toEqual(['Choose 1 or 3: ', 'Choose 1 or 3: ']);
  expect(confirmation).toEqual({ answer: 'decline' });
});

it('takes the end of input as no', async () => {
  expect((await answer(samplePlan, null)).confirmation).toEqual({ answer: 'decline' });
});

it('without a terminal names the flags that answer the question', async () => {
  const ask = (plan: RestorePlan) => confirmPlan(plan, fakeHost(), new AbortController().signal);
  await expect(ask(samplePlan)).rejects.toMatchObject({
    code: 'CHOICE_NEEDED',
    exitCode: 4,
    hint: expect.stringContaining('-V NEW_VOLUME'),
  });
  await expect(ask(directory)).rejects.toMatchObject({ hint: expect.not.stringContaining('-V') });
});
