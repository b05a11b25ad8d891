import { readFile } from 'node:fs/promises';
import { OdoError } from '../../errors/odo-error.ts';

/** Relative to the package's root: src/archive/inflate and dist/archive/inflate are equally deep. */
export const inflateWasmUrl = new URL('../../../build/inflate.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface InflateExports {
  readonly memory: WebAssembly.Memory;
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
  reset(): void;
  rebuildTables(): number;
  run(inPtr: number, inEnd: number, outPtr: number, outLimit: number, low: number): number;
  crc32c(crc: number, at: number, length: number): number;
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

async function compile(): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(await readFile(inflateWasmUrl));
  } catch (cause) {
    throw new OdoError('BUG', `The gzip decoder could not be loaded from ${inflateWasmUrl.pathname}.`, {
      hint: 'Build it with: node src/archive/inflate/build.ts',
      cause,
    });
  }
}

/** A fresh instance with its own memory; the module is compiled once per process. */
export async function instantiateInflate(): Promise<InflateExports> {
  compiled ??= compile();
  const instance = await WebAssembly.instantiate(await compiled);
  return instance.exports as unknown as InflateExports;
}
