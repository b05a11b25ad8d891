import { loadModule } from '../wasm/load-module.ts';
import { memoryPages } from '../wasm/memory-pages.ts';

/** Relative to the package's root: src/archive/xz and dist/archive/xz are equally deep. */
export const xzWasmUrl = new URL('../../../build/xz.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface XzExports {
  readonly inputAt: Integer;
  readonly inputBytes: Integer;
  readonly ringAt: Integer;
  readonly ringSlack: Integer;
  readonly outPos: Integer;
  staticDataEnd(): number;
  useRing(bytes: number, dictionary: number): void;
  limitOf(bytes: number): number;
  resetDictionary(): void;
  setProperties(byte: number): number;
  resetState(): void;
  startChunk(at: number, packed: number, unpacked: number): number;
  copyUncompressed(at: number, count: number): void;
  run(limit: number): number;
  crc64(sum: bigint, at: number, length: number): bigint;
}

/** Results of `startChunk` and `run`. */
export const lzmaResult = { done: 0, outputFull: 1 } as const;

/** Negative results of both. */
export const lzmaFaults: Readonly<Record<number, string>> = {
  [-1]: 'invalid start of a chunk',
  [-2]: 'invalid distance, or one too far back',
  [-3]: 'a match that goes on behind the end of its chunk',
  [-4]: 'a chunk that does not end where it should',
};

/** One decoder's code, tables and output. */
export interface Xz {
  readonly exports: XzExports;
  readonly memory: WebAssembly.Memory;
}

let compiled: Promise<WebAssembly.Module> | undefined;

export async function instantiateXzModule(module: WebAssembly.Module): Promise<Xz> {
  const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { exports: instance.exports as unknown as XzExports, memory };
}

/** A fresh instance with its own memory; the module is compiled once per thread. */
export async function instantiateXz(): Promise<Xz> {
  compiled ??= loadModule(xzWasmUrl, 'The xz decoder');
  return instantiateXzModule(await compiled);
}
