import { spawn } from 'node:child_process';
import { writevSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { BlockDevice } from './recorded-disk.ts';

/** Requests of the kernel (include/uapi/linux/fuse.h) to a file system whose root is a file. */
const opcode = {
  FORGET: 2,
  GETATTR: 3,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  RELEASE: 18,
  FSYNC: 20,
  FLUSH: 25,
  INIT: 26,
  INTERRUPT: 36,
  BATCH_FORGET: 42,
} as const;
const unanswered: readonly number[] = [opcode.FORGET, opcode.INTERRUPT, opcode.BATCH_FORGET];
const ENOSYS = 38;

const inHeaderBytes = 40;
const outHeaderBytes = 16;
const maxBytes = 1024 * 1024;

/** ASYNC_READ, BIG_WRITES, MAX_PAGES; not WRITEBACK_CACHE, so that each write comes when it is made. */
const initFlags = (1 << 0) | (1 << 5) | (1 << 22);

/**
 * Mounts a device as the file `place`, which must be there, and serves it until it is unmounted. Whoever waits for
 * that file must be in another process.
 */
export async function mountAsFile(device: BlockDevice, place: string): Promise<void> {
  const channel = await open('/dev/fuse', 'r+');
  void serve(channel, device);
  const options = `fd=3,rootmode=100600,user_id=0,group_id=0,max_read=${maxBytes}`;
  const mount = spawn('mount', ['-i', '-t', 'fuse', '-o', options, 'forgetful', place], {
    stdio: ['ignore', 'ignore', 'inherit', channel.fd],
  });
  await new Promise<void>((resolve, reject) => {
    mount.once('error', reject);
    mount.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`mount ended with ${code}`))));
  });
}

/** One request after the other: what was answered before a flush came is what it brings to disk. */
async function serve(channel: FileHandle, device: BlockDevice): Promise<void> {
  const request = Buffer.alloc(maxBytes + 4096);
  for (;;) {
    try {
      await channel.read(request, 0, request.length, null);
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (code === 'ENODEV') return channel.close();
      // EPERM before it is mounted, ENOENT for a request that was interrupted meanwhile.
      if (code === 'EPERM' || code === 'ENOENT' || code === 'EINTR') {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      throw error;
    }
    const type = request.readUInt32LE(4);
    if (unanswered.includes(type)) continue;
    const answer = answerTo(type, request.subarray(inHeaderBytes), device);
    const header = Buffer.alloc(outHeaderBytes);
    header.writeUInt32LE(outHeaderBytes + (answer?.length ?? 0), 0);
    header.writeInt32LE(answer === null ? -ENOSYS : 0, 4);
    request.copy(header, 8, 8, 16);
    try {
      writevSync(channel.fd, answer === null ? [header] : [header, answer]);
    } catch (error) {
      // Nobody waits for it any more, because whoever asked was killed.
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    }
  }
}

/** Null for what a device does not do. */
function answerTo(type: number, body: Buffer, device: BlockDevice): Uint8Array | null {
  if (type === opcode.READ) {
    const offset = Number(body.readBigUInt64LE(8));
    return device.read(offset, Math.min(body.readUInt32LE(16), device.sizeBytes - offset));
  }
  if (type === opcode.WRITE) {
    const length = body.readUInt32LE(16);
    device.write(Number(body.readBigUInt64LE(8)), Buffer.from(body.subarray(40, 40 + length)));
    return words([length, 0]);
  }
  if (type === opcode.FSYNC) {
    device.flush();
    return words([]);
  }
  if (type === opcode.FLUSH || type === opcode.RELEASE) return words([]);
  if (type === opcode.OPEN) return words([0, 0, 0, 0]);
  if (type === opcode.GETATTR) return attributes(device.sizeBytes);
  return type === opcode.INIT ? initial(body) : null;
}

function initial(body: Buffer): Buffer {
  const maxReadAhead = body.readUInt32LE(8);
  const answer = Buffer.alloc(64);
  words([7, 31, maxReadAhead, initFlags]).copy(answer);
  answer.writeUInt32LE(maxBytes, 20);
  answer.writeUInt32LE(1, 24);
  answer.writeUInt16LE(maxBytes / 4096, 28);
  return answer;
}

function attributes(sizeBytes: number): Buffer {
  const answer = Buffer.alloc(104);
  answer.writeBigUInt64LE(3600n, 0);
  answer.writeBigUInt64LE(1n, 16);
  answer.writeBigUInt64LE(BigInt(sizeBytes), 24);
  words([0o100600, 1]).copy(answer, 76);
  answer.writeUInt32LE(4096, 96);
  return answer;
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, i * 4);
  return bytes;
}
