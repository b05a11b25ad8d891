import { loadModule } from '../wasm/load-module.ts';
import { memoryPages } from '../wasm/memory-pages.ts';

/** Relative to the package's root: src/archive/lz4 and dist/archive/lz4 are equally deep. */
export const lz4WasmUrl = new URL('../../../build/lz4.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface Lz4Exports {
  readonly buffersAt: Integer;
  readonly slack: Integer;
  readonly sumAt: Integer;
  readonly sumBytes: Integer;
  staticDataEnd(): number;
  decodeBlock(input: number, end: number, out: number, outLimit: number, low: number): number;
  sumBegin(): void;
  sumUpdate(at: number, length: number, before: number): void;
  sumEnd(all: number, isShort: boolean): number;
  xxh32(at: number, length: number): number;
}

export const lz4Faults: Readonly<Record<number, string>> = {
  [-1]: 'a block ends inside a sequence',
  [-2]: 'a block decodes to more than its frame allows',
  [-3]: 'an offset that reaches before the data',
};

/** One decoder's code. */
export interface Lz4 {
  readonly exports: Lz4Exports;
  readonly memory: WebAssembly.Memory;
}

let compiled: Promise<WebAssembly.Module> | undefined;

export async function instantiateModule(module: WebAssembly.Module): Promise<Lz4> {
  const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { exports: instance.exports as unknown as Lz4Exports, memory };
}

/** A fresh instance with its own memory; the module is compiled once per thread. */
export async function instantiateLz4(): Promise<Lz4> {
  compiled ??= loadModule(lz4WasmUrl, 'The lz4 decoder');
  return instantiateModule(await compiled);
}
