/**
 * Checksums of the data plane: AssemblyScript, not TypeScript, compiled by ../build.ts.
 * The caller copies a piece of data to `dataAt` and calls; see memory.ts for what lies where.
 */
import { DATA, DATA_BYTES, DAMAGE } from './memory';

export const dataAt: usize = DATA;
export const dataBytes: usize = DATA_BYTES;
export const damageAt: usize = DAMAGE;

export function staticDataEnd(): usize {
  return __heap_base;
}

export { buildTables, begin, fold, finish, byTables } from './crc32c';
export { checkPages } from './page-checksum';
