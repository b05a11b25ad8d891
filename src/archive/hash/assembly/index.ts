/**
 * Checksums of the data plane: AssemblyScript, not TypeScript, compiled by ../build.ts.
 * See memory.ts for what lies where.
 */
import { crcOf } from './folding';
import { DAMAGE, DATA, DATA_BYTES, TABLES, TABLES_C } from './memory';
import { fillTables } from './tables';

export const dataAt: usize = DATA;
export const dataBytes: usize = DATA_BYTES;
export const damageAt: usize = DAMAGE;

/** Once, before anything else. */
export function prepare(): void {
  fillTables(TABLES, 0xedb88320);
  fillTables(TABLES_C, 0x82f63b78);
}

export function crc32(crc: u32, at: usize, length: usize): u32 {
  return crcOf<u32>(crc, at, length);
}

export function crc32c(crc: u32, at: usize, length: usize): u32 {
  return crcOf<i32>(crc, at, length);
}

export { checkPages } from './page-checksum';
export { useSecondScratch } from './scratch';
