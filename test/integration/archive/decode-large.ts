/**
 * Run by large-archive.test.ts with a small heap: one gzip member, one file above 4 GiB.
 * Prints what came out and the most memory the process had.
 */
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { restoreArchive } from '../../../src/archive/restore-archive.ts';
import { restoring, storedObject } from '../../unit/archive/restore-samples.ts';
import { endBlocks, member } from '../../unit/archive/tar-samples.ts';

const blockBytes = 8 * 1024 * 1024;
const blocks = 530;
const sizeField = Buffer.from(`${(blockBytes * blocks).toString(8).padStart(11, '0')} `);
const head = member({ name: 'base/5/16384', sizeField });

const block = Buffer.alloc(blockBytes, 'page of a relation ');
/** After a full flush nothing refers to what was before, so pieces can be joined. */
const piece = (bytes: Uint8Array) => deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH });
const compressed = piece(block);

let crc = crc32(head);
for (let i = 0; i < blocks; i++) crc = crc32(block, crc);
crc = crc32(endBlocks, crc);
const trailer = Buffer.alloc(8);
trailer.writeUInt32LE(crc, 0);
trailer.writeUInt32LE((head.length + blockBytes * blocks + endBlocks.length) % 2 ** 32, 4);

function* object(): Generator<Uint8Array> {
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  yield piece(head);
  for (let i = 0; i < blocks; i++) yield compressed;
  yield deflateRawSync(endBlocks);
  yield trailer;
}

const stored = storedObject(Buffer.concat([...object()]));
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 10);
let saved = 0;
const result = await restoreArchive({
  ...restoring(stored, process.argv[2] ?? '', 'gzip', 1024 * 1024),
  place: () => ({ kind: 'skip' }),
  checkpoint: { last: null, save: async () => void saved++ },
  nowMs: () => performance.now(),
});
clearInterval(watch);
console.log(JSON.stringify({ outputBytes: result.outputBytes, saved, peakMiB: Math.round(peak / 2 ** 20) }));
