import { loadModule } from '../wasm/load-module.ts';

/** Relative to the package's root: src/archive/hash and dist/archive/hash are equally deep. */
export const hashWasmUrl = new URL('../../../build/hash.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface HashExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly dataAt: Integer;
  readonly dataBytes: Integer;
  readonly damageAt: Integer;
  staticDataEnd(): number;
  buildTables(): void;
  begin(): void;
  fold(register: number, length: number): void;
  finish(): number;
  byTables(register: number, length: number): number;
  checkPages(count: number, pageBytes: number, block: number): number;
}

export interface HashModule {
  readonly exports: HashExports;
  /** Where a piece of data is put before a call. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Index, computed and found checksum of each page that `checkPages` counted. */
  readonly damage: Uint32Array<ArrayBuffer>;
}

const damageLength = 64 * 3;

export async function instantiateHash(module: WebAssembly.Module): Promise<HashModule> {
  const instance = await WebAssembly.instantiate(module, {});
  const exports = instance.exports as unknown as HashExports;
  exports.buildTables();
  const { buffer } = exports.memory;
  return {
    exports,
    data: new Uint8Array(buffer, exports.dataAt.value, exports.dataBytes.value),
    damage: new Uint32Array(buffer, exports.damageAt.value, damageLength),
  };
}

let shared: Promise<HashModule> | undefined;

/** The one instance of this thread: no call leaves anything in it that the next one needs. */
export async function openHashModule(): Promise<HashModule> {
  shared ??= loadModule(hashWasmUrl, 'The checksum module').then(instantiateHash);
  return shared;
}
