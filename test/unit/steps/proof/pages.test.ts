import { describe, expect, it } from 'vitest';
import type { PageCheckMode } from '../../../../src/steps/data-plane-options.ts';
import { newTally } from '../../../../src/steps/page-tally.ts';
import type { PageVerdict } from '../../../../src/steps/page-verdict.ts';
import { provePages } from '../../../../src/steps/proof/pages.ts';
import type { RestorePlan } from '../../../../src/steps/restore-plan.ts';

const prove = (verdict: PageVerdict | null, pageChecksums: PageCheckMode = 'auto') =>
  provePages({
    plan: () => ({ pageChecksums }) as RestorePlan,
    outputOfPart: (step) => (step === 'promote' ? verdict : null),
  });

const checked = {
  state: 'checked',
  by: 'odo',
  pages: 123_456,
  suspectPages: 0,
  durationMs: 70,
  ...newTally(),
} as const;
const page = (block: number) => ({ path: 'base/5/16401', block, expected: 0x1a2b, found: 0xc });

describe('the proof of the pages', () => {
  it('passes when all match, and tells those that were torn', () => {
    expect(prove(checked)).toMatchObject({
      id: 'pages',
      outcome: 'passed',
      summary: '123,456 pages.',
      details: [],
      durationMs: 70,
    });
    expect(prove({ ...checked, suspectPages: 3 }).summary).toBe(
      '123,456 pages; 3 did not in the backup, and were replaced by the WAL that belongs to it.',
    );
    expect(prove({ ...checked, by: 'pg_checksums' }).summary).toBe('123,456 pages, read by pg_checksums.');
  });

  it('fails with a line for each damaged page', () => {
    const damaged = [page(17), { ...page(18), expected: 0, found: 0 }];
    expect(prove({ ...checked, suspectPages: 2, damaged, damagedPages: 2 })).toMatchObject({
      outcome: 'failed',
      summary: '2 of 123,456 pages do not match, block 17 of base/5/16401 among them.',
      details: [
        'block 17 of base/5/16401: its checksum is 000C, but it carries 1A2B',
        'block 18 of base/5/16401 says that it is new, but is not empty',
      ],
    });
    expect(prove({ ...checked, damaged: [page(17)], damagedPages: 1 }).summary).toBe(
      '1 of 123,456 pages does not match: block 17 of base/5/16401.',
    );
    expect(prove({ ...checked, cutFiles: ['base/5/7'] })).toMatchObject({
      outcome: 'failed',
      summary: 'base/5/7 ends inside a page.',
      details: ['base/5/7 ends inside a page'],
    });
  });

  it('passes with a wrong page of a map, and says so', () => {
    const maps = [{ ...page(2), path: 'base/5/16401_vm' }];
    const { outcome, details } = prove({ ...checked, suspectPages: 1, maps, mapPages: 1 });
    expect([outcome, details.length]).toEqual(['passed', 1]);
    expect(details[0]).toMatch(/block 2 of base\/5\/16401_vm.*nothing is lost/);
  });

  it('says why there is none', () => {
    expect(prove({ state: 'unchecked', reason: 'the cluster has none' })).toMatchObject({
      outcome: 'skipped',
      summary: 'Page checksums could not be checked: the cluster has none.',
    });
    expect(prove(null, 'off').outcome).toBe('skipped');
    expect(prove(null).outcome).toBe('not-reached');
  });
});
