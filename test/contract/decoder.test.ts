import { gzipSync } from 'node:zlib';
import { someGzip } from '../unit/archive/gzip-samples.ts';
import { lz4Frame, someLz4 } from '../unit/archive/lz4-samples.ts';
import { snappyStream, someSnappy } from '../unit/archive/snappy-samples.ts';
import { checkedZstd, someZstd } from '../unit/archive/zstd-samples.ts';
import { describeDecoder } from './decoder.contract.ts';

describeDecoder('gzip', { pack: someGzip, packChecked: (data) => gzipSync(data) });
describeDecoder('lz4', {
  pack: someLz4,
  packChecked: (data) => lz4Frame(data, { blockChecksums: true, contentSize: true }),
});
describeDecoder('snappy', { pack: someSnappy, packChecked: (data) => snappyStream(data), hasNoEnd: true });
describeDecoder('zstd', { pack: someZstd, packChecked: checkedZstd });
