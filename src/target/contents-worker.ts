/** The thread that writes the contents of small files. It knows neither their names nor what they are. */
import { parentPort } from 'node:worker_threads';
import { OdoError } from '../errors/odo-error.ts';
import { systemCode } from './fs-errors.ts';
import { type SmallContents, writeSmallContents } from './small-contents.ts';

/** In the order of the batches. An error loses its code on the way to another thread, so it goes beside it. */
export interface WrittenContents {
  readonly failure: { readonly index: number; readonly message: string; readonly code: string | null } | null;
}

const port = parentPort;
if (port === null) throw new OdoError('BUG', 'The thread for small files was started as a program.');

port.on('message', (contents: SmallContents) => {
  const failure = writeSmallContents(contents);
  const answer: WrittenContents = {
    failure:
      failure === null
        ? null
        : { index: failure.index, message: failure.error.message, code: systemCode(failure.error) ?? null },
  };
  port.postMessage(answer);
});
