/** Decoders against the program of their codec, from one file in memory (bzip2 and xz: decode-blocks.ts); what a program needs to start is part of it. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDecoder } from '../../src/archive/open-decoder.ts';
import type { Codec } from '../../src/backup/base-backup.ts';
import { snappyStream } from '../../test/unit/archive/snappy-samples.ts';
import { median } from './statistics.ts';

interface CodecRow {
  readonly codec: Codec;
  readonly pack: (data: Uint8Array) => Buffer;
  /** Debian's program and what makes it write the decoded file to stdout; null where Debian has none. */
  readonly tool: readonly [file: string, ...args: string[]] | null;
}

const through =
  (file: string, ...args: string[]) =>
  (data: Uint8Array): Buffer =>
    execFileSync(file, args, { input: data, maxBuffer: 2 ** 31 });

/** A new codec is a row here. */
const rows: readonly CodecRow[] = [
  { codec: 'lz4', pack: through('/usr/bin/lz4', '-qc'), tool: ['/usr/bin/lz4', '-dc'] },
  { codec: 'zstd', pack: through('/usr/bin/zstd', '-qc'), tool: ['/usr/bin/zstd', '-qdc'] },
  { codec: 'snappy', pack: (data) => snappyStream(data), tool: null },
];

async function withOurs(codec: Codec, packed: Buffer): Promise<number> {
  const decoder = await openDecoder(codec);
  for (let at = 0; at < packed.length; at += 262_144)
    for await (const _slice of decoder.push(packed.subarray(at, at + 262_144)));
  for await (const _slice of decoder.rest());
  decoder.finish();
  decoder.release();
  return decoder.outputBytes;
}

async function withTool([file, ...args]: readonly [string, ...string[]], path: string): Promise<void> {
  const child = spawn(file, [...args, path], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  if (exitCode !== 0) throw new Error(`${file} ended with ${exitCode}`);
}

export async function benchCodecs(data: Buffer, rounds: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'odo-codecs-'));
  try {
    for (const { codec, pack, tool } of rows) {
      if (tool !== null && !existsSync(tool[0])) {
        console.log(`${codec.padEnd(9)}  not measured: there is no ${tool[0]}`);
        continue;
      }
      const packed = pack(data);
      const path = join(directory, codec);
      await writeFile(path, packed);
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const start = performance.now();
        if ((await withOurs(codec, packed)) !== data.length) throw new Error(`${codec}: another length`);
        ours.push((performance.now() - start) / 1000);
        if (tool === null) continue;
        const toolStart = performance.now();
        await withTool(tool, path);
        theirs.push((performance.now() - toolStart) / 1000);
      }
      const speed = `${(data.length / 1e6 / median(ours)).toFixed(0)} MB/s`;
      const ratio =
        tool === null
          ? 'no program to compare with'
          : `${(median(theirs) / median(ours)).toFixed(2)} of ${tool.join(' ')}`;
      console.log(`${codec.padEnd(9)}  ${median(ours).toFixed(3)} s  ${speed}  ${ratio}`);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}
