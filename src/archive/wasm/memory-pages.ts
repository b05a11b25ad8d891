/**
 * Of a memory that the decoder and the checksums may share; the maximum is address space, not memory.
 * @unit pages of 64 KiB
 */
export const memoryPages = { initial: 1, maximum: 2048 } as const;
