import { spawnSync } from 'node:child_process';
import { beforeAll } from 'vitest';
import { describeDecoder } from '../../contract/decoder.contract.ts';
import { installPackages } from '../../lab/debian-packages.ts';

beforeAll(() => installPackages(['bzip2', 'xz-utils']), 300_000);

function through(command: string, args: readonly string[], data: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync(command, args, { input: data, maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

describeDecoder('bzip2', {
  pack: (seed, data) => through('bzip2', ['-c', `-${1 + (seed % 9)}`], data),
  packChecked: (data) => through('bzip2', ['-c', '-1'], data),
});

/** Presets, checks, properties and blocks. */
const xzOptions: readonly (readonly string[])[] = [
  ['-0', '--check=crc32'],
  ['-6', '--check=sha256'],
  ['-1', '--block-size=20000'],
  ['--lzma2=preset=0,lc=0,lp=4,pb=0,dict=4KiB'],
  ['--lzma2=preset=3,lc=4,lp=0,pb=4,nice=273', '--check=crc64'],
  ['-0', '-T2', '--block-size=9000'],
  ['--lzma2=preset=1,mode=fast,mf=hc3,dict=64KiB', '--check=none'],
];

describeDecoder('xz', {
  pack: (seed, data) => through('xz', ['-c', ...(xzOptions[seed % xzOptions.length] ?? [])], data),
  packChecked: (data) => through('xz', ['-c', '-0'], data),
});
