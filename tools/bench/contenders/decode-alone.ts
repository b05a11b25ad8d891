/** `node decode-alone.ts FILE`: decodes a gzip file with odo's decoder, keeps nothing, prints the seconds. */
import { open } from 'node:fs/promises';
import { openDecoder } from '../../../src/archive/open-decoder.ts';

const [, , file = ''] = process.argv;
await using handle = await open(file);
const decoder = await openDecoder('gzip');
const started = performance.now();
// Two buffers: one is read into while the other is decoded.
const buffers = [Buffer.alloc(1024 * 1024), Buffer.alloc(1024 * 1024)] as const;
let reading = handle.read(buffers[0]);
for (let turn = 1; ; turn++) {
  const { bytesRead, buffer } = await reading;
  if (bytesRead === 0) break;
  reading = handle.read(buffers[turn % 2 === 0 ? 0 : 1]);
  for await (const _slice of decoder.push(buffer.subarray(0, bytesRead)));
}
decoder.finish();
console.log((performance.now() - started) / 1000);
