/** What an operator would type: download, decompress, unpack. */
import { programs } from '../programs.ts';
import { storeKeys, storeRegion } from '../store.ts';
import { shellContender } from './shell.ts';

const { aws, curl, igzip, tar } = programs;
const curlIgzipTar =
  `${curl} -sSf --aws-sigv4 aws:amz:${storeRegion}:s3 --user ${storeKeys.accessKeyId}:${storeKeys.secretAccessKey} ` +
  `"$endpoint/$object" | ${igzip} -dc | ${tar} -x -C "$tree"`;

export const pipes = [
  shellContender({
    name: 'aws-tar',
    title: '`aws s3 cp - \\| tar -xz`',
    isDurable: false,
    script: () => `${aws} --endpoint-url "$endpoint" s3 cp --quiet "s3://$object" - | ${tar} -xz -C "$tree"`,
  }),
  shellContender({
    name: 'curl-igzip-tar',
    title: '`curl \\| igzip -dc \\| tar -x`',
    isDurable: false,
    script: () => curlIgzipTar,
  }),
  shellContender({
    name: 'curl-igzip-tar-sync',
    title: '`curl \\| igzip -dc \\| tar -x; sync -f`',
    isDurable: true,
    script: () => `${curlIgzipTar}; sync -f "$tree"`,
  }),
  shellContender({
    name: 'download-untar',
    title: '`aws s3 cp FILE; tar -xzf FILE; sync -f`',
    isDurable: true,
    script: () =>
      `${aws} --endpoint-url "$endpoint" s3 cp --quiet "s3://$object" "$directory/base.tar.gz"; ` +
      `${tar} -xzf "$directory/base.tar.gz" -C "$tree"; sync -f "$tree"`,
  }),
];
