/** Initial values of the 32 sums of a page's checksum (PostgreSQL storage/checksum_impl.h). */
const startingSums = [
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c, 0xf8d4474f,
  0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc,
  0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6,
  0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
];

/** One number at a time; the page's own checksum counts as 0. */
export function slowPageChecksum(page: Buffer, block: number): number {
  const sums = [...startingSums];
  const mix = (column: number, value: number) => {
    const mixed = (sums[column] ?? 0) ^ value;
    sums[column] = Math.imul(mixed, 16777619) ^ (mixed >>> 17);
  };
  for (let at = 0; at < page.length; at += 4) {
    const value = page.readUInt32LE(at);
    mix((at / 4) % 32, at === 8 ? value & 0xffff0000 : value);
  }
  for (let column = 0; column < 64; column++) mix(column % 32, 0);
  return ((sums.reduce((all, sum) => all ^ sum, block) >>> 0) % 65535) + 1;
}

/** A page with the header fields that matter here. */
export function madePage(content: Uint8Array, block: number, lsn: bigint): Buffer {
  const page = Buffer.from(content);
  page.writeUInt32LE(Number(lsn >> 32n), 0);
  page.writeUInt32LE(Number(lsn & 0xffffffffn), 4);
  page.writeUInt16LE(600, 14);
  page.writeUInt16LE(slowPageChecksum(page, block), 8);
  return page;
}

/** 8 KiB that are easily made again by PostgreSQL: big-endian numbers (i * i * 31 + i) % 65536 for i from 0 on. */
export function quadraticPage(): Buffer {
  const page = Buffer.alloc(8192);
  for (let i = 0; i < 4096; i++) page.writeUInt16BE((i * i * 31 + i) % 65536, 2 * i);
  return page;
}
