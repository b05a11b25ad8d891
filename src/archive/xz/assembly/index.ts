/**
 * LZMA2 chunks and CRC-64 for xz. AssemblyScript, not TypeScript: compiled by ../build.ts, wrapped by
 * ../xz-decoder.ts.
 */
export { crc64 } from './crc64';
export { inputAt, inputBytes, ringAt, ringSlack, staticDataEnd } from './layout';
export {
  copyUncompressed,
  limitOf,
  outPos,
  resetDictionary,
  resetState,
  run,
  setProperties,
  startChunk,
  useRing,
} from './lzma';
