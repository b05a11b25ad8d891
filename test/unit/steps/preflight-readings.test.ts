import { expect, it } from 'vitest';
import { gatherFacts } from '../../../src/steps/preflight.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { plainRequest } from '../../support/facts.ts';

it('says what words were taken for before it looks at anything', async () => {
  const seen: string[] = [];
  const context = {
    notice: (level: string, message: string) => seen.push(`${level}: ${message}`),
    ports: {
      service: async () => {
        seen.push('looks');
        throw new Error('enough');
      },
    },
  } as unknown as StepContext;
  const readings = ['target-time: 10 minutes ago = 2026-11-27T19:57:00Z'];
  await expect(gatherFacts({ ...plainRequest, readings }, context)).rejects.toThrow('enough');
  expect(seen).toEqual([`info: ${readings[0]}`, 'looks']);
});
