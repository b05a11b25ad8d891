import { TarReader, type TarState } from '../../../src/archive/tar-reader.ts';

export interface Member {
  name: string | Buffer;
  type?: string;
  content?: Buffer | string;
  linkName?: string;
  /** Written into the size field instead of the content's length. */
  sizeField?: Buffer;
  prefix?: string;
  magic?: string;
}

const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

/** A header block and its body, byte by byte: also what no tool would write. */
export function member(what: Member): Buffer {
  const content = Buffer.from(what.content ?? '');
  const block = Buffer.alloc(512);
  Buffer.from(what.name).copy(block, 0, 0, 100);
  block.write('0000600\0', 100);
  block.write(`${content.length.toString(8).padStart(11, '0')} `, 124);
  what.sizeField?.copy(block, 124);
  block.write('14712345670 ', 136);
  block.write(what.type ?? '0', 156);
  block.write(what.linkName ?? '', 157);
  block.write(what.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(what.prefix ?? '', 345);
  return Buffer.concat([signed(block), pad(content)]);
}

export function signed(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

export const endBlocks = Buffer.alloc(1024);

export interface ReadEntry {
  path: string;
  kind: string;
  content: string;
  linkTarget: string | null;
  nameIsExact: boolean;
}

/** Reads everything; `cut` gives the sizes of the pieces, and every piece is read by a reader restored from JSON. */
export function readTar(tar: Buffer, cut: () => number = () => tar.length): ReadEntry[] {
  const entries: ReadEntry[] = [];
  let state: TarState | undefined;
  let ended = false;
  let reader = new TarReader();
  for (let at = 0; at < tar.length; ) {
    if (state !== undefined) reader = new TarReader(JSON.parse(JSON.stringify(state)) as TarState);
    const piece = tar.subarray(at, at + Math.max(1, cut()));
    for (const event of reader.feed(piece)) {
      if (event.type === 'entry') entries.push({ ...pick(event.entry), content: '' });
      else if (event.type === 'data') entries.at(-1)!.content += Buffer.from(event.bytes).toString('latin1');
      else if (event.type === 'end') ended = true;
    }
    at += piece.length;
    state = reader.state();
    if (reader.offset !== at) throw new Error(`offset ${reader.offset} instead of ${at}`);
  }
  reader.finish();
  if (!ended) throw new Error('no end event');
  return entries;
}

function pick(entry: { path: string; kind: string; linkTarget: string | null; nameIsExact: boolean }) {
  const { path, kind, linkTarget, nameIsExact } = entry;
  return { path, kind, linkTarget, nameIsExact };
}
