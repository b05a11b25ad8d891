/** The thread that makes small files and writes their contents. It does not know what they are. */
import { parentPort } from 'node:worker_threads';
import { OdoError } from '../errors/odo-error.ts';
import { systemCode } from './fs-errors.ts';
import { type SmallContents, writeSmallContents } from './small-contents.ts';

/** In the order of the batches. An error loses its code on the way to another thread, so it goes beside it. */
export interface WrittenContents {
  readonly failures: readonly {
    readonly index: number;
    readonly message: string;
    readonly code: string | null;
  }[];
}

const port = parentPort;
if (port === null) throw new OdoError('BUG', 'The thread for small files was started as a program.');

port.on('message', (contents: SmallContents) => {
  const answer: WrittenContents = {
    failures: writeSmallContents(contents).map(({ index, error }) => ({
      index,
      message: error.message,
      code: systemCode(error) ?? null,
    })),
  };
  port.postMessage(answer);
});
