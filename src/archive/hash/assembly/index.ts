/**
 * Checksums of the data plane: AssemblyScript, not TypeScript, compiled by ../build.ts.
 * See memory.ts for what lies where.
 */
import { buildTables } from './crc32';
import { buildTablesC } from './crc32c';
import { DAMAGE, DATA, DATA_BYTES } from './memory';

export const dataAt: usize = DATA;
export const dataBytes: usize = DATA_BYTES;
export const damageAt: usize = DAMAGE;

/** Once, before anything else. */
export function prepare(): void {
  buildTables();
  buildTablesC();
}

export { crc32 } from './crc32';
export { crc32c } from './crc32c';
export { checkPages } from './page-checksum';
export { useSecondScratch } from './scratch';
