const blockBytes = 8192;

/** The bytes of an `INCREMENTAL.*` file as the server sends it (basebackup_incremental.h). */
export function incrementalFile(
  blocks: readonly (readonly [number: number, content: Uint8Array])[],
  truncationBlocks: number,
): Buffer {
  const count = blocks.length;
  const head = Buffer.alloc(12 + 4 * count);
  head.writeUInt32LE(0xd3ae1f0d, 0);
  head.writeUInt32LE(count, 4);
  head.writeUInt32LE(truncationBlocks, 8);
  for (const [index, [number]] of blocks.entries()) head.writeUInt32LE(number, 12 + 4 * index);
  if (count === 0) return head;
  const padding = Buffer.alloc((blockBytes - (head.length % blockBytes)) % blockBytes);
  return Buffer.concat([head, padding, ...blocks.map(([, content]) => content)]);
}
