/** A thread that reads, unpacks and scans segments, one at a time. It has no credentials: every range comes signed. */
import { parentPort } from 'node:worker_threads';
import { SegmentScanner } from '../../archive/wal-scan/segment-scanner.ts';
import { OdoError } from '../../errors/odo-error.ts';
import { fromErrorData, toErrorData } from '../../errors/serialize.ts';
import { walPageBytes as pageBytes } from '../../postgres/wal-page.ts';
import type { ByteRange, RangeLocation } from '../../storage/object-storage.ts';
import { readWalObject } from '../read-wal-object.ts';
import type { FromScanner, ScanJob, ToScanner } from './messages.ts';

const port = parentPort;
if (port === null) throw new OdoError('BUG', 'The WAL scanner was started as a program.');
const post = (message: FromScanner) => port.postMessage(message);

/** The thread is ended when its work is no longer wanted. */
const { signal } = new AbortController();
const scanner = await SegmentScanner.open();
const locating = new Map<number, PromiseWithResolvers<RangeLocation>>();
let locateIds = 0;

port.on('message', (message: ToScanner) => {
  if (message.type === 'scan') {
    scan(message.job).then(
      (result) => post({ type: 'scanned', scan: result }),
      (error: unknown) => post({ type: 'failed', error: toErrorData(error) }),
    );
    return;
  }
  const waiting = locating.get(message.id);
  locating.delete(message.id);
  if (message.type === 'located') waiting?.resolve(message.location);
  else waiting?.reject(fromErrorData(message.error));
});

post({ type: 'ready' });

async function scan({ object, request, onlyFirstPage, rangeBytes }: ScanJob) {
  scanner.begin(request);
  let bytes = 0;
  const chunks = readWalObject({ locate: (_object, range) => locate(range) }, object, {
    rangeBytes: onlyFirstPage ? Math.min(rangeBytes, 16 * pageBytes) : rangeBytes,
    signal,
  });
  for await (const chunk of chunks) {
    const piece = onlyFirstPage ? chunk.subarray(0, pageBytes - bytes) : chunk;
    bytes += piece.length;
    scanner.push(piece);
    if (onlyFirstPage && bytes === pageBytes) break;
  }
  return scanner.end();
}

function locate(range: ByteRange): Promise<RangeLocation> {
  const answer = Promise.withResolvers<RangeLocation>();
  const id = locateIds++;
  locating.set(id, answer);
  post({ type: 'locate', id, range });
  return answer.promise;
}
