import fc from 'fast-check';
import { expect, test } from 'vitest';
import { availableMemory, divideMemory, memoryBudget, slotBytes } from '../../../../src/run/limits/memory.ts';

const MiB = 1024 ** 2;

test('the budget is what was asked for, else a quarter of what there is, within bounds', () => {
  expect(memoryBudget(16 * MiB, 1024 * MiB)).toBe(16 * MiB);
  expect(memoryBudget(4096 * MiB, 1024 * MiB)).toBe(4096 * MiB);
  expect(memoryBudget(null, 512 * MiB)).toBe(128 * MiB);
  expect(memoryBudget(null, 100 * MiB)).toBe(64 * MiB);
  expect(memoryBudget(null, 64 * 1024 * MiB)).toBe(256 * MiB);
});

test('the memory of this process is a number, and not above the host’s', () => {
  expect(availableMemory(2048 * MiB, 0, 512 * MiB)).toBe(512 * MiB);
  expect(availableMemory(2048 * MiB, 256 * MiB, 512 * MiB)).toBe(256 * MiB);
  expect(availableMemory(2048 * MiB, 2 ** 63, null)).toBe(2048 * MiB);
  expect(availableMemory()).toBeGreaterThan(0);
});

const budgets = fc.integer({ min: 16 * MiB, max: 8192 * MiB });
const decoders = fc.integer({ min: 1, max: 64 });

test('shares never exceed the budget', () => {
  fc.assert(
    fc.property(budgets, decoders, (budget, wanted) => {
      const share = divideMemory(budget, wanted);
      const used = share.decoders * (share.readAheadBytes + share.outputSlots * slotBytes);
      expect(used).toBeLessThanOrEqual(budget);
    }),
  );
});

test('every decoder has enough to work, and none more than helps', () => {
  fc.assert(
    fc.property(budgets, decoders, (budget, wanted) => {
      const share = divideMemory(budget, wanted);
      expect(share.decoders).toBeGreaterThanOrEqual(1);
      expect(share.decoders).toBeLessThanOrEqual(wanted);
      expect(share.outputSlots).toBeGreaterThanOrEqual(4);
      expect(share.outputSlots).toBeLessThanOrEqual(16);
      expect(share.readAheadBytes).toBeGreaterThanOrEqual(4 * MiB);
      expect(share.readAheadBytes).toBeLessThanOrEqual(24 * MiB);
      expect(Number.isInteger(share.outputSlots) && Number.isInteger(share.readAheadBytes)).toBe(true);
    }),
  );
});

test('fewer decoders work only where a share would be too small', () => {
  fc.assert(
    fc.property(budgets, decoders, (budget, wanted) => {
      const { decoders: working } = divideMemory(budget, wanted);
      if (working < wanted) expect(budget / (working + 1)).toBeLessThan(8 * MiB);
    }),
  );
});

test('nothing is left over but the rest of a division, as long as no share is at its largest', () => {
  fc.assert(
    fc.property(budgets, decoders, (budget, wanted) => {
      const { decoders: working, readAheadBytes, outputSlots } = divideMemory(budget, wanted);
      if (readAheadBytes === 24 * MiB) return;
      expect(budget - working * (readAheadBytes + outputSlots * slotBytes)).toBeLessThan(working);
    }),
  );
});

test('one decoder works even where memory is short', () => {
  expect(divideMemory(MiB, 8)).toEqual({ decoders: 1, readAheadBytes: 4 * MiB, outputSlots: 4 });
});
