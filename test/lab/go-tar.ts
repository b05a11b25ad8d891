import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** A member as Go's archive/tar writes it for a file whose name and size fit into ustar. */
export interface GoTarMember {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** @unit seconds since the epoch */
  readonly modifiedAt: number;
  readonly content: { readonly sizeBytes: number; readonly file: string } | { readonly bytes: Uint8Array };
}

const blockBytes = 512;
const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;

function headerOf(member: GoTarMember, sizeBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(member.name) > 100) throw new Error(`${member.name} is too long for one header`);
  block.write(member.name, 0);
  block.write(octal(member.mode, 7), 100);
  block.write(octal(member.uid, 7), 108);
  block.write(octal(member.gid, 7), 116);
  block.write(octal(sizeBytes, 11), 124);
  block.write(octal(member.modifiedAt, 11), 136);
  block.write(' '.repeat(8), 148);
  // A directory's name has no slash behind it here, unlike in tars of other tools.
  block.write(member.isDirectory ? '5' : '0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  block.write(octal(0, 7), 329);
  block.write(octal(0, 7), 337);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Appends one member; returns the bytes it takes. */
export async function appendMember(tar: FileHandle, member: GoTarMember): Promise<number> {
  const { content } = member;
  const sizeBytes = 'bytes' in content ? content.bytes.length : content.sizeBytes;
  await tar.write(headerOf(member, sizeBytes));
  if ('bytes' in content) await tar.write(content.bytes);
  else if (sizeBytes > 0) {
    for await (const chunk of createReadStream(content.file, { end: sizeBytes - 1 })) await tar.write(chunk);
  }
  const padding = (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
  await tar.write(Buffer.alloc(padding));
  return blockBytes + sizeBytes + padding;
}

export async function endTar(tar: FileHandle): Promise<void> {
  await tar.write(Buffer.alloc(2 * blockBytes));
}
