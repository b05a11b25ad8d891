import { loadModule } from '../wasm/load-module.ts';
import { memoryPages } from '../wasm/memory-pages.ts';

/** Relative to the package's root: src/archive/snappy and dist/archive/snappy are equally deep. */
export const snappyWasmUrl = new URL('../../../build/snappy.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface SnappyExports {
  readonly buffersAt: Integer;
  readonly slack: Integer;
  staticDataEnd(): number;
  decodeChunk(input: number, end: number, out: number, outLimit: number): number;
}

export const snappyFaults: Readonly<Record<number, string>> = {
  [-1]: 'a chunk ends inside an element',
  [-2]: 'a chunk decodes to more than 64 KiB',
  [-3]: 'an offset that reaches before the chunk',
  [-4]: 'a chunk that is not as long as it says',
};

/** One decoder's code. */
export interface Snappy {
  readonly exports: SnappyExports;
  readonly memory: WebAssembly.Memory;
}

let compiled: Promise<WebAssembly.Module> | undefined;

export async function instantiateModule(module: WebAssembly.Module): Promise<Snappy> {
  const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { exports: instance.exports as unknown as SnappyExports, memory };
}

/** A fresh instance with its own memory; the module is compiled once per thread. */
export async function instantiateSnappy(): Promise<Snappy> {
  compiled ??= loadModule(snappyWasmUrl, 'The snappy decoder');
  return instantiateModule(await compiled);
}
