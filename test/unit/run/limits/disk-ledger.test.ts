import { expect, test } from 'vitest';
import { DiskLedger, type PlannedRoom } from '../../../../src/run/limits/disk-ledger.ts';

const room = (neededBytes: number, freeBytes: number, reclaimableBytes = 0): PlannedRoom => ({
  space: { neededBytes, freeBytes, reclaimableBytes, reserveBytes: 10, neededIsExact: true },
});

test('a run fits beside what the others still need, and the reserve stays free', () => {
  const ledger = new DiskLedger();
  expect(ledger.hasRoomFor(room(90, 100))).toBe(true);
  expect(ledger.hasRoomFor(room(91, 100))).toBe(false);
  expect(ledger.hasRoomFor(room(91, 100, 1))).toBe(true);
  ledger.add('a', room(50, 100));
  expect(ledger.hasRoomFor(room(40, 100))).toBe(true);
  expect(ledger.hasRoomFor(room(41, 100))).toBe(false);
});

test('what a run has written is no longer promised to it: it is missing on the disk instead', () => {
  const ledger = new DiskLedger();
  ledger.add('a', room(50, 100));
  ledger.progress('a', 0.5);
  expect(ledger.hasRoomFor(room(40, 75))).toBe(true);
  expect(ledger.hasRoomFor(room(41, 75))).toBe(false);
  // A later attempt counts from its own beginning.
  ledger.progress('a', 0.1);
  expect(ledger.hasRoomFor(room(40, 75))).toBe(true);
  ledger.remove('a');
  expect(ledger.isEmpty).toBe(true);
  expect(ledger.hasRoomFor(room(90, 100))).toBe(true);
});

test('each file system that a run writes to needs room', () => {
  const ledger = new DiskLedger();
  const { space } = room(10, 100);
  const elsewhere = { ...room(95, 100).space, description: '/srv/cold (tablespace cold)' };
  expect(ledger.hasRoomFor({ space, spaceElsewhere: [elsewhere] })).toBe(false);
});
