/** A thread that decodes blocks, one at a time, for the decoder thread that started it. */
import { parentPort, workerData } from 'node:worker_threads';
import { OdoError } from '../../errors/odo-error.ts';
import { BlockDecoder } from './block-decoder.ts';
import type { BlockThreadData, FromBlockThread, ToBlockThread } from './block-messages.ts';

const port = parentPort;
if (port === null) throw new OdoError('BUG', 'The block thread was started as a program.');
const post = (message: FromBlockThread) => port.postMessage(message);

const { slots, slotBytes } = workerData as BlockThreadData;
const decoder = await BlockDecoder.open(slots, slotBytes);
const freeSlots = Array.from({ length: slots }, (_, slot) => slot);
/** A block was decoded, and not all of its output was written yet. */
let isWriting = false;

port.on('message', (message: ToBlockThread) => {
  if (message.type === 'release') {
    freeSlots.push(message.slot);
  } else {
    const outcome = decoder.decodeInput(message.length, message.bit);
    post({ type: 'outcome', outcome });
    isWriting = outcome !== 'need-input' && !('fault' in outcome);
  }
  while (isWriting) {
    const slot = freeSlots.shift();
    if (slot === undefined) return;
    const output = decoder.write(slot);
    if ('fault' in output) {
      isWriting = false;
      post({ type: 'fault', fault: output.fault });
    } else {
      isWriting = !output.isLast;
      const { bytes, isLast } = output;
      post({ type: 'output', slot, at: bytes.byteOffset, length: bytes.length, isLast });
    }
  }
});

post({ type: 'ready', memory: decoder.memory, inputAt: decoder.inputAt });
