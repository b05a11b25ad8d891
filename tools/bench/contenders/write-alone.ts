/** `node write-alone.ts FILE BYTES`: writes that many bytes past the page cache, syncs, prints the seconds. */
import { randomFillSync } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const [, , file = '', bytes = ''] = process.argv;
const pieceBytes = 1024 * 1024;
const atOnce = 4;
const pieces = Math.ceil(Number(bytes) / pieceBytes);
// The memory of WebAssembly begins at a page, which direct writes ask for; that of a Buffer does not.
const memoryPages = pieceBytes / 65536;
const memory = new Uint8Array(
  new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages, shared: false }).buffer,
);
// No zeros: a disk may store nothing for them.
randomFillSync(memory);
const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_DIRECT;
await using handle = await open(file, flags);
const started = performance.now();
await handle.truncate(pieces * pieceBytes);
let next = 0;
const writeSome = async () => {
  while (next < pieces) await handle.write(memory, 0, pieceBytes, next++ * pieceBytes);
};
await Promise.all(Array.from({ length: atOnce }, writeSome));
await handle.sync();
console.log((performance.now() - started) / 1000);
