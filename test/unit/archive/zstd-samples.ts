import { constants, zstdCompressSync } from 'node:zlib';
import { numbersFrom } from './gzip-samples.ts';

/** One frame in one of many ways: levels, with and without checksum and size, small and long windows. */
export function someZstd(seed: number, data: Uint8Array): Buffer {
  const below = numbersFrom(seed);
  return zstdCompressSync(data, {
    params: {
      [constants.ZSTD_c_compressionLevel]: [-5, 1, 3, 9, 19][below(data.length > 1_000_000 ? 3 : 5)]!,
      [constants.ZSTD_c_checksumFlag]: below(2),
      [constants.ZSTD_c_contentSizeFlag]: below(2),
      [constants.ZSTD_c_windowLog]: 10 + below(14),
    },
  });
}

export const checkedZstd = (data: Uint8Array): Buffer =>
  zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
