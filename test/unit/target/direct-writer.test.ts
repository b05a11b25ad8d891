import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, existsSync, openSync, writeSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AlignedBuffers } from '../../../src/target/aligned-buffers.ts';
import { DirectWriter, type DirectWriterOptions } from '../../../src/target/direct-writer.ts';
import type { FileSystemSync } from '../../../src/target/file-system-sync.ts';
import { smallContentsCalls, writeSmallContents } from '../../../src/target/small-contents.ts';
import { syncfsFromFiles } from '../../../src/target/unsynced.ts';
import { realCalls, type WriterCalls } from '../../../src/target/writer-calls.ts';

const run = promisify(execFile);
const signal = new AbortController().signal;
const MiB = 1024 * 1024;

let root: string;

beforeEach(async () => {
  root = await fs.mkdtemp('/var/tmp/odo-writer-');
});

afterEach(() => fs.rm(root, { recursive: true, force: true }));

const open = (options: DirectWriterOptions = {}, at = root) => DirectWriter.open(at, signal, options);

async function write(writer: DirectWriter, path: string, content: Uint8Array, pieces: number[], from = 0) {
  await writer.beginFile({ path, sizeBytes: content.length }, from);
  await give(writer, content.subarray(from), pieces);
  await writer.endFile();
}

/** In pieces of these sizes, over and over; each is spoilt as soon as the writer has taken it. */
async function give(writer: DirectWriter, content: Uint8Array, pieces: number[]) {
  for (let from = 0, index = 0; from < content.length; index += 1) {
    const piece = Buffer.from(content.subarray(from, from + (pieces[index % pieces.length] ?? 1)));
    from += piece.length;
    await writer.write(piece);
    piece.fill(0xee);
  }
}

async function expectContent(path: string, content: Uint8Array) {
  const found = await fs.readFile(path);
  expect(found.length).toBe(content.length);
  expect(found.equals(content)).toBe(true);
}

const failure = (code: string) => Object.assign(new Error(code), { code });

/** What a file system answers that has no O_DIRECT, at the open or only at the first write. */
function withoutDirect(refusesAt: 'open' | 'write'): { calls: WriterCalls; refused: () => number } {
  const direct = new Set<number>();
  let refused = 0;
  const refuse = (): never => {
    refused += 1;
    throw failure('EINVAL');
  };
  const calls: WriterCalls = {
    ...realCalls,
    open: async (path, flags, mode) => {
      const isDirect = (flags & constants.O_DIRECT) !== 0;
      const fd = await realCalls.open(path, flags & ~constants.O_DIRECT, mode);
      if (!isDirect) return fd;
      if (refusesAt === 'write') direct.add(fd);
      else await realCalls.close(fd).then(refuse); // Linux makes the file before it refuses
      return fd;
    },
    write: async (fd, bytes, position) => (direct.has(fd) ? refuse() : realCalls.write(fd, bytes, position)),
    read: async (fd, into, position) => (direct.has(fd) ? refuse() : realCalls.read(fd, into, position)),
    close: async (fd) => {
      direct.delete(fd);
      await realCalls.close(fd);
    },
  };
  return { calls, refused: () => refused };
}

const kinds: { name: string; at: () => string; calls: () => WriterCalls }[] = [
  { name: 'a disk', at: () => root, calls: () => realCalls },
  { name: 'no O_DIRECT at the open', at: () => root, calls: () => withoutDirect('open').calls },
  { name: 'no O_DIRECT at the first write', at: () => root, calls: () => withoutDirect('write').calls },
  { name: 'a platform without O_DIRECT', at: () => root, calls: () => ({ ...realCalls, directFlag: null }) },
];

describe('a small file, which another thread makes', () => {
  /** The thread comes to nothing until the writer waits for it. */
  const late: WriterCalls = {
    ...realCalls,
    writeContents: async (contents) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return realCalls.writeContents(contents);
    },
  };
  const entries: Record<string, (writer: DirectWriter) => Promise<void>> = {
    'a link': (writer) => writer.makeLink('x', 'elsewhere'),
    'a directory': (writer) => writer.makeDirectory('x'),
    'a large file': (writer) => write(writer, 'x', Buffer.alloc(MiB), [MiB]),
    'another small file': (writer) => write(writer, 'x', Buffer.from('last'), [10]),
  };

  it.each(Object.entries(entries))('gives way to %s that comes later', async (name, make) => {
    const writer = await open({ calls: late });
    await write(writer, 'x', Buffer.from('first'), [10]);
    await make(writer);
    await writer.sync();
    await writer.close();
    const found = await fs.lstat(join(root, 'x'));
    const kind = found.isSymbolicLink() ? 'a link' : found.isDirectory() ? 'a directory' : found.size;
    expect(kind).toBe({ 'a large file': MiB, 'another small file': 4 }[name] ?? name);
  });

  it.each(Object.entries(entries))('takes the place of %s that came before', async (_, make) => {
    const writer = await open({ calls: late });
    await make(writer);
    await write(writer, 'x', Buffer.from('small'), [10]);
    await writer.sync();
    await writer.close();
    await expectContent(join(root, 'x'), Buffer.from('small'));
    expect(await fs.readdir(root)).toEqual(['x']);
  });

  it('goes into the file that a killed attempt left', async () => {
    await fs.writeFile(join(root, 'x'), 'what an earlier attempt wrote', { mode: 0o644 });
    const { ino } = await fs.stat(join(root, 'x'));
    const writer = await open();
    await write(writer, 'x', Buffer.from('new'), [10]);
    await writer.sync();
    await writer.close();
    await expectContent(join(root, 'x'), Buffer.from('new'));
    expect(await fs.stat(join(root, 'x'))).toMatchObject({ ino, mode: 0o100600 });
  });

  it.each(['link', 'symlink'] as const)('leaves what a %s of its name leads to alone', async (kind) => {
    await fs.writeFile(join(root, 'other'), 'of somebody else');
    await fs[kind](join(root, 'other'), join(root, 'x'));
    const writer = await open();
    await write(writer, 'x', Buffer.from('new'), [10]);
    await writer.sync();
    await writer.close();
    await expectContent(join(root, 'x'), Buffer.from('new'));
    await expectContent(join(root, 'other'), Buffer.from('of somebody else'));
  });

  it('takes the place of a directory of which the writer knows nothing', async () => {
    await fs.mkdir(join(root, 'x/deep'), { recursive: true });
    await fs.writeFile(join(root, 'x/deep/file'), 'old');
    const writer = await open({ calls: late });
    for (const path of ['before', 'x', 'after']) await write(writer, path, Buffer.from(path), [10]);
    await writer.sync();
    await writer.close();
    for (const path of ['before', 'x', 'after']) await expectContent(join(root, path), Buffer.from(path));
  });

  it('is not made through a link that takes the place of its directory', async () => {
    await fs.mkdir(join(root, 'outside'));
    await fs.mkdir(join(root, 'target'));
    const writer = await open({ calls: late }, join(root, 'target'));
    await write(writer, 'd/file', Buffer.from('x'), [10]);
    await writer.makeLink('d', '../outside');
    await expect(write(writer, 'd/other', Buffer.from('x'), [10])).rejects.toMatchObject({
      code: 'ENTRY_REFUSED',
    });
    await writer.close();
    expect(await fs.readdir(join(root, 'outside'))).toEqual([]);
  });

  it('is no directory for what comes after it', async () => {
    const writer = await open({ calls: late });
    await write(writer, 'x', Buffer.from('small'), [10]);
    await expect(write(writer, 'x/y', Buffer.from('y'), [10])).rejects.toMatchObject({
      code: 'ENTRY_REFUSED',
    });
    await writer.close();
    await expectContent(join(root, 'x'), Buffer.from('small'));
  });

  it.skipIf(process.getuid?.() !== 0)('belongs to whom it is made for', async () => {
    const writer = await open({ owner: { uid: 4711, gid: 4712 } });
    await write(writer, 'x', Buffer.from('small'), [10]);
    await writer.sync();
    await writer.close();
    expect(await fs.stat(join(root, 'x'))).toMatchObject({ uid: 4711, gid: 4712, mode: 0o100600 });
  });
});

describe.each(kinds)('files on $name', ({ calls }) => describeContents(() => root, calls));

describe.skipIf(!existsSync('/dev/shm'))('files in memory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await fs.mkdtemp('/dev/shm/odo-writer-');
  });
  afterEach(() => fs.rm(directory, { recursive: true, force: true }));
  describeContents(
    () => directory,
    () => realCalls,
  );
});

function describeContents(at: () => string, calls: () => WriterCalls) {
  const sizes = [
    ...[0, 1, 511, 512, 4095, 4096, 4097, 65535, 65536],
    ...[MiB - 1, MiB, MiB + 1, MiB + 4095, 2 * MiB, 3 * MiB + 8192, 5 * MiB + 12345],
  ];

  it('have exactly their bytes, whatever their size', async () => {
    const contents = sizes.map((size) => randomBytes(size));
    const writer = await open({ calls: calls() }, at());
    for (const [index, content] of contents.entries())
      await write(writer, `d/${index}`, content, [1, 70_000, 513, 1_300_000]);
    await writer.sync();
    await writer.close();
    for (const [index, content] of contents.entries()) await expectContent(join(at(), `d/${index}`), content);
  });

  it('have exactly their bytes when they are continued anywhere, from pieces of any size', async () => {
    const small = 64 * 1024; // buffers: many pieces in few bytes
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 * small }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
        fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (size, stops, pieces, syncsTwice) => {
          const content = randomBytes(size);
          const path = `f${(count += 1)}`;
          const options = { calls: calls(), bufferBytes: small, buffers: 2, writesInFlight: 2 };
          let from = 0;
          for (const stop of stops.map((part) => Math.floor(part * size)).sort((a, b) => a - b)) {
            const writer = await open(options, at());
            await writer.beginFile({ path, sizeBytes: size }, from);
            await give(writer, content.subarray(from, stop), pieces);
            await writer.sync();
            if (syncsTwice) await writer.sync();
            // Not at the checkpoint yet: comes once more.
            await give(writer, randomBytes(Math.min(size - stop, 5000)), pieces);
            await writer.close();
            from = stop;
          }
          const writer = await open(options, at());
          await write(writer, path, content, pieces, from);
          await writer.sync();
          await writer.close();
          await expectContent(join(at(), path), content);
        },
      ),
      { numRuns: 40 },
    );
  });
}

it('writes directly from its buffers, and a file system that refuses is asked once', async () => {
  const flags: number[] = [];
  const counting: WriterCalls = {
    ...realCalls,
    open: (path, flag, mode) => {
      flags.push(flag & constants.O_DIRECT);
      return realCalls.open(path, flag, mode);
    },
  };
  const writer = await open({ calls: counting });
  await write(writer, 'a', randomBytes(2 * MiB + 5), [300_000]);
  await writer.sync();
  await writer.close();
  // One open: the disk of this machine took the buffers, their offsets and their lengths.
  expect(flags).toEqual([constants.O_DIRECT]);

  const { calls, refused } = withoutDirect('open');
  const other = await open({ calls });
  for (const name of ['b', 'c', 'd']) await write(other, name, randomBytes(MiB), [MiB]);
  await other.sync();
  await other.close();
  expect(refused()).toBe(1);
});

it('has buffers that begin at a page, so that the kernel takes them for a direct write', async () => {
  const buffers = new AlignedBuffers(3, 65536);
  const fd = await realCalls.open(
    join(root, 'f'),
    constants.O_CREAT | constants.O_RDWR | constants.O_DIRECT,
    0o600,
  );
  for (const position of [0, 65536, 131072])
    expect(await realCalls.write(fd, await buffers.take(), position)).toBe(65536);
  const askew = (await new AlignedBuffers(1, 65536).take()).subarray(8, 8 + 4096);
  await expect(realCalls.write(fd, askew, 0)).rejects.toMatchObject({ code: 'EINVAL' });
  await realCalls.close(fd);
});

it('ends its pieces at multiples of their size in the file, and pads a block with zeros', async () => {
  const ends: number[] = [];
  const calls: WriterCalls = {
    ...realCalls,
    write: async (fd, bytes, position) => {
      ends.push(position + bytes.length);
      return realCalls.write(fd, bytes, position);
    },
  };
  const size = 5 * 65536;
  const options = { calls, bufferBytes: 65536 };
  // One buffer: the second piece finds the first one's bytes in it.
  const first = await open({ ...options, buffers: 1 });
  await first.beginFile({ path: 'f', sizeBytes: size }, 0);
  await give(first, randomBytes(70_000), [70_000]);
  await first.sync();
  await first.close();
  expect((await fs.readFile(join(root, 'f'))).subarray(70_000, 73_728).every((byte) => byte === 0)).toBe(
    true,
  );
  const next = await open(options);
  await next.beginFile({ path: 'f', sizeBytes: size }, 70_000);
  await give(next, randomBytes(size - 70_000), [size]);
  await next.endFile();
  await next.sync();
  await next.close();
  expect(ends.sort((a, b) => a - b)).toEqual([1, 1.125, 2, 3, 4, 5].map((part) => part * 65536));
});

it('goes on after a direct write that ended within a block', async () => {
  let cut = 0;
  let opened = 0;
  const calls: WriterCalls = {
    ...realCalls,
    open: (...args) => {
      opened += 1;
      return realCalls.open(...args);
    },
    write: (fd, bytes, position) => {
      // As much as 10,000 bytes look like: what is on disk behind them does not count.
      if (bytes.length <= 12_288) return realCalls.write(fd, bytes, position);
      cut += 1;
      return realCalls.write(fd, bytes.subarray(0, 12_288), position).then(() => 10_000);
    },
  };
  const content = randomBytes(300_001);
  const writer = await open({ calls, bufferBytes: 65536 });
  await write(writer, 'f', content, [7000]);
  await writer.sync();
  await writer.close();
  expect(cut).toBeGreaterThan(10);
  expect(opened).toBe(1); // still directly
  await expectContent(join(root, 'f'), content);
});

describe('a write that fails', () => {
  it('behind the caller is reported by a later call, and no sync succeeds after it', async () => {
    let writes = 0;
    const calls: WriterCalls = {
      ...realCalls,
      write: async (fd, bytes, position) => {
        if ((writes += 1) === 2) throw failure('EIO');
        return realCalls.write(fd, bytes, position);
      },
    };
    const writer = await open({ calls });
    const failed = { code: 'STEP_FAILED', details: { errno: 'EIO', path: join(root, 'f') } };
    await expect(
      write(writer, 'f', randomBytes(3 * MiB), [MiB]).then(() => writer.sync()),
    ).rejects.toMatchObject(failed);
    await expect(writer.sync()).rejects.toMatchObject(failed);
    await expect(writer.beginFile({ path: 'g', sizeBytes: 1 }, 0)).rejects.toMatchObject(failed);
    await writer.close();
  });

  it('to cut off the padding is reported by the sync', async () => {
    let cuts = 0;
    const calls: WriterCalls = {
      ...realCalls,
      truncate: async (fd, size) => {
        if ((cuts += 1) === 2) throw failure('EIO');
        await realCalls.truncate(fd, size);
      },
    };
    const writer = await open({ calls });
    await write(writer, 'f', randomBytes(MiB + 1), [MiB]);
    await expect(writer.sync()).rejects.toMatchObject({ code: 'STEP_FAILED', details: { errno: 'EIO' } });
    await expect(writer.sync()).rejects.toMatchObject({ code: 'STEP_FAILED' });
    await writer.close();
  });

  it('of a small file fails the sync, names the file, and no sync succeeds after it', async () => {
    const written: number[] = [];
    const calls: WriterCalls = {
      ...realCalls,
      writeContents: async (contents) =>
        writeSmallContents(contents, {
          ...smallContentsCalls,
          write: (fd, bytes, position) => {
            written.push(bytes.length);
            if (bytes.length === 9000) throw failure('EDQUOT');
            return writeSync(fd, bytes, 0, bytes.length, position);
          },
        }),
    };
    const writer = await open({ calls });
    for (const [path, size] of [
      ['before', 10],
      ['f', 9000],
      ['after', 20],
    ] as const) {
      await write(writer, path, randomBytes(size), [5000]);
    }
    const refused = { code: 'NOT_ENOUGH_SPACE', details: { path: join(root, 'f') } };
    await expect(writer.sync()).rejects.toMatchObject(refused);
    await expect(writer.sync()).rejects.toMatchObject(refused);
    await writer.close();
    expect(written).toEqual([10, 9000, 20]);
  });

  it('of a small file that is half there fails the sync that is to bring the half to disk', async () => {
    const calls: WriterCalls = {
      ...realCalls,
      writeNow: () => {
        throw failure('EIO');
      },
    };
    const writer = await open({ calls });
    await writer.beginFile({ path: 'f', sizeBytes: 9000 }, 0);
    await writer.write(randomBytes(100));
    await expect(writer.sync()).rejects.toMatchObject({ code: 'STEP_FAILED', details: { errno: 'EIO' } });
    await expect(writer.sync()).rejects.toMatchObject({ code: 'STEP_FAILED' });
    await writer.close();
  });

  it('of a small file that cannot be made when its half is to come to disk names the file', async () => {
    const calls: WriterCalls = {
      ...realCalls,
      openNow: () => {
        throw failure('EDQUOT');
      },
    };
    const writer = await open({ calls });
    await writer.beginFile({ path: 'f', sizeBytes: 9000 }, 0);
    await writer.write(randomBytes(100));
    const refused = { code: 'NOT_ENOUGH_SPACE', details: { path: join(root, 'f') } };
    await expect(writer.sync()).rejects.toMatchObject(refused);
    await expect(writer.sync()).rejects.toMatchObject(refused);
    await writer.close();
  });

  it('in the thread for small files comes back with its code', async () => {
    const path = join(root, 'read-only');
    await fs.writeFile(path, '');
    const fd = openSync(path, 'r');
    const memory = new SharedArrayBuffer(10);
    const answer = await realCalls.writeContents({
      memory,
      files: [{ file: fd, position: 0, at: 0, length: 10 }],
      owner: null,
    });
    expect(answer).toMatchObject([{ index: 0, error: { code: 'EBADF' } }]);
  });

  const isRoot = process.getuid?.() === 0;
  it.skipIf(!isRoot)('for want of space says so, directly and through the page cache', async () => {
    await run('truncate', ['-s', '24M', join(root, 'image')]);
    await run('mkfs.ext4', ['-q', join(root, 'image')], {
      env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    });
    const mounts = [
      ['-t', 'tmpfs', '-o', 'size=4m', 'none', join(root, 'tmpfs')],
      ['-o', 'loop', join(root, 'image'), join(root, 'ext4')],
    ];
    for (const mount of mounts) {
      const at = mount.at(-1) ?? '';
      await fs.mkdir(at);
      await run('mount', mount);
      try {
        for (const size of [40 * MiB, 500_000]) {
          const writer = await open({}, at);
          const fill = async () => {
            for (let index = 0; index < 100; index += 1)
              await write(writer, `${size}-${index}`, Buffer.alloc(size, 1), [MiB]);
            await writer.sync();
          };
          await expect(fill()).rejects.toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
          await expect(writer.sync()).rejects.toMatchObject({ code: 'NOT_ENOUGH_SPACE' });
          await writer.close();
        }
      } finally {
        await run('umount', [at]);
      }
    }
  });
});

/** Large writes that wait until the test lets them go. */
function heldWrites() {
  const held: (() => void)[] = [];
  let inFlight = 0;
  const descriptors = new Set<number>();
  const calls: WriterCalls = {
    ...realCalls,
    open: async (...args) => {
      const fd = await realCalls.open(...args);
      descriptors.add(fd);
      return fd;
    },
    close: async (fd) => {
      descriptors.delete(fd);
      await realCalls.close(fd);
    },
    write: async (fd, bytes, position) => {
      inFlight += 1;
      await new Promise<void>((resolve) => held.push(resolve));
      try {
        return await realCalls.write(fd, bytes, position);
      } finally {
        inFlight -= 1;
      }
    },
  };
  return {
    calls,
    descriptors,
    inFlight: () => inFlight,
    async release(until: Promise<unknown>) {
      let isSettled = false;
      const settled = until.then(
        () => (isSettled = true),
        () => (isSettled = true),
      );
      while (!isSettled) {
        held.shift()?.();
        await Promise.race([settled, new Promise((resolve) => setImmediate(resolve))]);
      }
    },
  };
}

/** Whether it is settled once everything that is ready has run. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  const turns = (async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return pending;
  })();
  return (await Promise.race([promise, turns])) === pending;
}

describe('writes behind the caller', () => {
  it('take as many buffers as there are, keep a bound in flight, and are waited for by sync', async () => {
    const held = heldWrites();
    const writer = await open({ calls: held.calls, bufferBytes: 65536, buffers: 4, writesInFlight: 2 });
    const content = randomBytes(6 * 65536);
    await writer.beginFile({ path: 'f', sizeBytes: content.length }, 0);
    for (let index = 0; index < 4; index += 1)
      await writer.write(content.subarray(index * 65536, (index + 1) * 65536));
    const fifth = writer.write(content.subarray(4 * 65536, 5 * 65536));
    expect(await isPending(fifth)).toBe(true);
    expect(held.inFlight()).toBe(2);
    await held.release(fifth);
    await held.release(writer.write(content.subarray(5 * 65536)));
    await writer.endFile();
    const synced = writer.sync();
    expect(await isPending(synced)).toBe(true);
    await held.release(synced);
    expect(held.inFlight()).toBe(0);
    expect(held.descriptors.size).toBe(0);
    await writer.close();
    await expectContent(join(root, 'f'), content);
  });

  it('are over when an aborted writer is closed', async () => {
    const held = heldWrites();
    const controller = new AbortController();
    const writer = await DirectWriter.open(root, controller.signal, {
      calls: held.calls,
      bufferBytes: 65536,
      buffers: 8,
      writesInFlight: 2,
    });
    for (const path of ['f', 'g']) {
      await writer.beginFile({ path, sizeBytes: 4 * 65536 }, 0);
      await writer.write(randomBytes(3 * 65536));
      if (path === 'g') break;
      await writer.write(randomBytes(65536));
      await writer.endFile();
    }
    const reason = new Error('interrupted');
    controller.abort(reason);
    await expect(writer.write(randomBytes(1))).rejects.toBe(reason);
    await expect(writer.sync()).rejects.toBe(reason);
    const closed = writer.close();
    expect(await isPending(closed)).toBe(true);
    await held.release(closed);
    expect(held.inFlight()).toBe(0);
    expect(held.descriptors.size).toBe(0);
  });

  it('do not let memory grow with the file', async () => {
    const writer = await open();
    const piece = Buffer.alloc(MiB, 5);
    const measure = () => process.memoryUsage().external + process.memoryUsage().arrayBuffers;
    await writer.beginFile({ path: 'f', sizeBytes: 200 * MiB }, 0);
    for (let index = 0; index < 20; index += 1) await writer.write(piece);
    const before = measure();
    for (let index = 20; index < 200; index += 1) await writer.write(piece);
    expect(measure() - before).toBeLessThan(4 * MiB);
    await writer.endFile();
    await writer.sync();
    await writer.close();
  });
});

describe('a sync', () => {
  const device = async () => (await fs.stat(root)).dev;

  /** The calls of a sync, in their order. */
  async function recorded(fileSystem: Partial<FileSystemSync> = {}, changes: Partial<WriterCalls> = {}) {
    const log: string[] = [];
    const name = (path: string) => relative(root, path) || '.';
    const calls: WriterCalls = {
      ...realCalls,
      write: async (fd, bytes, position) => {
        const count = await realCalls.write(fd, bytes, position);
        log.push('write');
        return count;
      },
      truncate: async (fd, size) => {
        await realCalls.truncate(fd, size);
        log.push(`truncate ${size}`);
      },
      close: async (fd) => {
        await realCalls.close(fd);
        log.push('close');
      },
      syncFile: async (path) => void log.push(`fdatasync ${name(path)}`),
      syncDirectory: async (path) => void log.push(`fsync ${name(path)}`),
      ...changes,
    };
    const sync: FileSystemSync = {
      device: await device(),
      sync: async () => {
        log.push('syncfs');
        return true;
      },
      ...fileSystem,
    };
    const options: DirectWriterOptions = { calls, openFileSystemSync: async () => sync };
    return { log, options };
  }

  const writeMany = async (writer: DirectWriter, directory = 'many') => {
    for (let index = 0; index < syncfsFromFiles; index += 1)
      await write(writer, `${directory}/${index}`, randomBytes(10), [10]);
  };

  it('of few files comes after their writes, files first, then the directories with their names', async () => {
    const { log, options } = await recorded();
    const writer = await open(options);
    await write(writer, 'a/large', randomBytes(4 * MiB + 1), [MiB]);
    await write(writer, 'a/b/small', randomBytes(100), [100]);
    await writer.sync();
    expect(log.slice(0, 6)).toEqual([
      `truncate ${4 * MiB + 1}`,
      'write',
      'write',
      'write',
      `truncate ${4 * MiB + 1}`,
      'close',
    ]);
    expect(log.slice(6, 8).sort()).toEqual(['fdatasync a/b/small', 'fdatasync a/large']);
    expect(log.slice(8).sort()).toEqual(['fsync .', 'fsync a', 'fsync a/b']);
    log.length = 0;
    await writer.sync();
    expect(log).toEqual([]);
    await writer.close();
  });

  it('of many files is one syncfs, after their writes', async () => {
    const { log, options } = await recorded();
    const writer = await open(options);
    await writeMany(writer);
    await write(writer, 'large', randomBytes(MiB), [MiB]);
    await writer.sync();
    expect(log).toEqual([`truncate ${MiB}`, 'write', 'close', 'syncfs']);
    await writer.sync();
    expect(log.length).toBe(4);
    await writer.close();
  });

  it('of an open file takes what it has so far, and the rest is the next sync’s', async () => {
    const { log, options } = await recorded();
    const writer = await open(options);
    await writer.beginFile({ path: 'f', sizeBytes: 4 * MiB }, 0);
    await writer.write(randomBytes(5000));
    await writer.sync();
    expect(log).toEqual([`truncate ${4 * MiB}`, 'write', 'fdatasync f', 'fsync .']);
    log.length = 0;
    await writer.sync();
    // The block that is filled in part is written again.
    expect(log).toEqual(['write', 'fdatasync f']);
    log.length = 0;
    await writer.write(randomBytes(4 * MiB - 5000));
    await writer.endFile();
    await writer.sync();
    expect(log).toEqual(['write', 'write', 'close', 'fdatasync f']);
    await writer.close();
  });

  it('of many files is one for each where syncfs cannot be used', async () => {
    const { log, options } = await recorded({ sync: async () => false });
    const writer = await open(options);
    await writeMany(writer);
    await writer.sync();
    expect(log.filter((line) => line.startsWith('fdatasync')).length).toBe(syncfsFromFiles);
    expect(log.slice(-2).sort()).toEqual(['fsync .', 'fsync many']);
    await writer.close();
  });

  it('of many files is one for each when a directory is on another device', async () => {
    const { log, options } = await recorded({ device: (await device()) + 1 });
    const writer = await open(options);
    await writeMany(writer);
    await writer.sync();
    expect(log).not.toContain('syncfs');
    expect(log.filter((line) => line.startsWith('fdatasync')).length).toBe(syncfsFromFiles);
    await writer.close();
  });

  it.each([
    ['syncfs', true],
    ['fdatasync', false],
  ])('that failed (%s) never succeeds afterwards, whatever the kernel says then', async (_, usesSyncfs) => {
    let told = false;
    const failOnce = async (): Promise<void> => {
      if (told) return;
      told = true;
      throw failure('EIO');
    };
    const { options } = await recorded(
      { sync: () => (usesSyncfs ? failOnce().then(() => true) : Promise.resolve(false)) },
      { syncFile: failOnce },
    );
    const writer = await open(options);
    await writeMany(writer);
    const failed = { code: 'STEP_FAILED', details: { errno: 'EIO' } };
    await expect(writer.sync()).rejects.toMatchObject(failed);
    await expect(writer.sync()).rejects.toMatchObject(failed);
    await writer.close();
  });

  it('does not sync when the writer need not be durable, but waits for the writes', async () => {
    const { log, options } = await recorded();
    const writer = await open({ ...options, durable: false });
    await writeMany(writer);
    await write(writer, 'large', randomBytes(MiB), [MiB]);
    await writer.sync();
    expect(log).toEqual([`truncate ${MiB}`, 'write', 'close']);
    await writer.close();
  });

  it('forgets files that were replaced, with everything below a directory', async () => {
    const { log, options } = await recorded();
    const writer = await open(options);
    await write(writer, 'a/b/c', randomBytes(10), [10]);
    await write(writer, 'a', randomBytes(10), [10]);
    await writer.sync();
    expect(log).toEqual(['fdatasync a', 'fsync .']);
    await writer.close();
  });
});
