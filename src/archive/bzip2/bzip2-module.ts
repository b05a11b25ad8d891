import { loadModule } from '../wasm/load-module.ts';

/** Relative to the package's root: src/archive/bzip2 and dist/archive/bzip2 are equally deep. */
export const bzip2WasmUrl = new URL('../../../build/bzip2.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface Bzip2Exports {
  readonly inputAt: Integer;
  readonly workspaceBytes: Integer;
  readonly outputSlack: Integer;
  readonly blockCrc: Integer;
  readonly blockLength: Integer;
  readonly usedBits: Integer;
  readonly outPos: Integer;
  useWorkspace(at: number): void;
  decodeBlock(start: number, bit: number, end: number): number;
  startOutput(): void;
  writeOutput(at: number, limit: number): number;
}

/** Results of `decodeBlock`. */
export const blockResult = { done: 0, needInput: 1 } as const;
/** Results of `writeOutput`. */
export const outputResult = { done: 0, full: 1 } as const;

/** Negative results of both. */
export const bzip2Faults: Readonly<Record<number, string>> = {
  [-1]: 'a randomised block, which only bzip2 before version 0.9.5 wrote and odo does not read',
  [-2]: 'invalid origin of a block',
  [-3]: 'a block without symbols',
  [-4]: 'invalid number of code tables',
  [-5]: 'invalid selectors',
  [-6]: 'invalid code lengths',
  [-7]: 'invalid code',
  [-8]: 'a block longer than its level allows',
  [-9]: 'incorrect data check (CRC-32) of a block',
  [-10]: 'a run that is cut off',
};

let compiled: Promise<WebAssembly.Module> | undefined;

export async function instantiateBlocks(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Bzip2Exports> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as unknown as Bzip2Exports;
}

/** A fresh instance that works in `memory`; the module is compiled once per thread. */
export async function openBlocks(memory: WebAssembly.Memory): Promise<Bzip2Exports> {
  compiled ??= loadModule(bzip2WasmUrl, 'The bzip2 decoder');
  return instantiateBlocks(await compiled, memory);
}
