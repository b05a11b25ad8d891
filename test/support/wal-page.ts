const magics: Readonly<Record<number, number>> = {
  13: 0xd106,
  14: 0xd10d,
  15: 0xd110,
  16: 0xd113,
  17: 0xd116,
  18: 0xd118,
};

/** The 40 bytes that every WAL segment begins with (xlog_internal.h), and nothing behind them. */
export function walPage(content: {
  timeline?: number;
  pageLsn?: bigint;
  systemIdentifier?: string;
  major?: number;
  segmentBytes?: number;
}): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, magics[content.major ?? 17] ?? 0, true);
  view.setUint16(2, 0x0002, true);
  view.setUint32(4, content.timeline ?? 1, true);
  view.setBigUint64(8, content.pageLsn ?? 0n, true);
  view.setBigUint64(24, BigInt(content.systemIdentifier ?? '7711482807481257680'), true);
  view.setUint32(32, content.segmentBytes ?? 16 * 2 ** 20, true);
  view.setUint32(36, 8192, true);
  return bytes;
}
