import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ProofPart } from '../proof/parts.ts';

/** `npm run prove` and CI try every case; otherwise a test in test/proof chooses a few, so that all of them stay quick. */
export const whole = process.env.ODO_PROVE === 'whole';

/** Every one of the cases with `npm run prove`, else `count` of them, spread evenly from the first on. */
export function spread<Case>(cases: readonly Case[], count: number): readonly Case[] {
  if (whole || cases.length <= count) return cases;
  return Array.from({ length: count }, (_, i) => cases[Math.floor((i * cases.length) / count)] as Case);
}

/** What one test file gives to its part of docs/proof.md. */
export interface ProofRecord {
  readonly part: ProofPart;
  /** Cases that were tried, and those that ended as they must. A difference is a failed test. */
  readonly tried: number;
  readonly held: number;
  readonly seconds: number;
  /** Said in this order: `['points', 52]`. */
  readonly figures: readonly (readonly [what: string, value: number | string])[];
  readonly tables: readonly ProofTable[];
}

export interface ProofTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface ProofTally {
  /** Counts a case, and that it held when `work` throws nothing. */
  case<Result>(work: () => Promise<Result> | Result): Promise<Result>;
  /** Many cases of one kind that were all tried within one test. */
  cases(count: number): void;
  figure(what: string, value: number | string): void;
  table(table: ProofTable): void;
}

/** Where records wait for tools/prove: a file for each test file. */
export const recordDirectory = join(import.meta.dirname, '../../build/proof');

/**
 * The tally of a test file, kept for the page when all of its tests have run. `name` is the file's own, without
 * `.test.ts`: the part, or the part with what distinguishes the file.
 */
export function proofTally(part: ProofPart, name: string): ProofTally {
  const began = Date.now();
  let tried = 0;
  let held = 0;
  const figures: [string, number | string][] = [];
  const tables: ProofTable[] = [];
  afterAll(() => {
    if (!whole) return;
    const seconds = Math.round((Date.now() - began) / 1000);
    const record: ProofRecord = { part, tried, held, seconds, figures, tables };
    mkdirSync(recordDirectory, { recursive: true });
    writeFileSync(join(recordDirectory, `${name}.json`), `${JSON.stringify(record)}\n`);
  });
  return {
    async case(work) {
      tried++;
      const result = await work();
      held++;
      return result;
    },
    cases(count) {
      tried += count;
      held += count;
    },
    figure: (what, value) => void figures.push([what, value]),
    table: (table) => void tables.push(table),
  };
}
