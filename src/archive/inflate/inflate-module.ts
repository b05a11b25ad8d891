import { loadModule } from '../wasm/load-module.ts';
import { memoryPages } from '../wasm/memory-pages.ts';

/** Relative to the package's root: src/archive/inflate and dist/archive/inflate are equally deep. */
export const inflateWasmUrl = new URL('../../../build/inflate.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface InflateExports {
  readonly buffersAt: Integer;
  readonly codeLengthsAt: Integer;
  readonly outputSlack: Integer;
  readonly mode: Integer;
  readonly isLastBlock: Integer;
  readonly isFixed: Integer;
  readonly storedLeft: Integer;
  readonly literalCount: Integer;
  readonly distanceCount: Integer;
  readonly pendingBits: Integer;
  readonly pendingCount: Integer;
  readonly inPos: Integer;
  readonly outPos: Integer;
  staticDataEnd(): number;
  reset(): void;
  rebuildTables(): number;
  run(inPtr: number, inEnd: number, outPtr: number, outLimit: number, low: number): number;
}

/** Results of `run` and `rebuildTables`. */
export const inflateResult = { needInput: 0, outputFull: 1, finished: 2 } as const;

/** In zlib's words, so that they can be looked up. */
export const inflateFaults: Readonly<Record<number, string>> = {
  [-1]: 'invalid block type',
  [-2]: 'invalid stored block lengths',
  [-3]: 'invalid code lengths',
  [-4]: 'invalid literal/length code',
  [-5]: 'invalid distance code or distance too far back',
};

let compiled: Promise<WebAssembly.Module> | undefined;

/** One decoder's code and tables. */
export interface Inflate {
  readonly exports: InflateExports;
  /** Shared: another thread reads the output where the decoder put it. */
  readonly memory: WebAssembly.Memory;
}

export async function instantiateModule(module: WebAssembly.Module): Promise<Inflate> {
  const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { exports: instance.exports as unknown as InflateExports, memory };
}

/** A fresh instance with its own memory; the module is compiled once per thread. */
export async function instantiateInflate(): Promise<Inflate> {
  compiled ??= loadModule(inflateWasmUrl, 'The gzip decoder');
  return instantiateModule(await compiled);
}
