/**
 * bzip2 blocks, one at a time and each by itself. AssemblyScript, not TypeScript: compiled by ../build.ts, wrapped by
 * ../block-decoder.ts. The format as bzip2 1.0.8 reads it (decompress.c, huffman.c).
 */
import { prepareCrc } from './crc';
import { moveTo } from './layout';
import { prepareRecent } from './recent';

export { blockCrc, blockLength, decodeBlock, usedBits } from './block';
export { inputAt, outputSlack, workspaceBytes } from './layout';
export { outPos, startOutput, writeOutput } from './runs';

/** Works in `workspaceBytes` from `at` on. */
export function useWorkspace(at: usize): void {
  moveTo(at);
  prepareCrc();
  prepareRecent();
}
