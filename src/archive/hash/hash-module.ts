import { copyBytes } from '../../target/copy-bytes.ts';
import { loadModule } from '../wasm/load-module.ts';
import { memoryPages } from '../wasm/memory-pages.ts';

/** Relative to the package's root: src/archive/hash and dist/archive/hash are equally deep. */
export const hashWasmUrl = new URL('../../../build/hash.wasm', import.meta.url);

type Integer = WebAssembly.Global;

/** What assembly/index.ts exports; see there for the meaning. */
export interface HashExports {
  readonly dataAt: Integer;
  readonly dataBytes: Integer;
  readonly damageAt: Integer;
  prepare(): void;
  useSecondScratch(): void;
  crc32(crc: number, at: number, length: number): number;
  crc32c(crc: number, at: number, length: number): number;
  checkPages(from: number, count: number, pageBytes: number, block: number): number;
}

export interface HashModule {
  readonly exports: HashExports;
  /** Where data is put that lies in no memory of a module. */
  readonly data: Uint8Array;
  /** Index, computed and found checksum of each page that `checkPages` counted. */
  readonly damage: Uint32Array;
}

/** What `checkPages` has room to tell of. */
const pagesAtOnce = 64;
const damageLength = pagesAtOnce * 3;
const ownMemory = { ...memoryPages, initial: 4 };

export async function instantiateHash(
  module: WebAssembly.Module,
  memory = new WebAssembly.Memory({ ...ownMemory, shared: true }),
): Promise<HashModule> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const exports = instance.exports as unknown as HashExports;
  exports.prepare();
  const { buffer } = memory;
  return {
    exports,
    data: new Uint8Array(buffer, exports.dataAt.value, exports.dataBytes.value),
    damage: new Uint32Array(buffer, exports.damageAt.value, damageLength),
  };
}

let compiled: Promise<WebAssembly.Module> | undefined;
let own: Promise<HashModule> | undefined;

const load = (): Promise<WebAssembly.Module> => (compiled ??= loadModule(hashWasmUrl, 'The checksum module'));

/** The one instance of this thread: no call leaves anything in it that the next one needs. */
export async function openHashModule(): Promise<HashModule> {
  own ??= load().then((module) => instantiateHash(module));
  return own;
}

/** Instances that work in the memory of a decoder. */
const adopted = new WeakMap<ArrayBufferLike, HashModule>();

/** From now on this thread sums up what lies in a decoder's memory where it lies. */
export async function adoptMemory(memory: WebAssembly.Memory, thread: 'receiver' | 'decoder'): Promise<void> {
  if (adopted.has(memory.buffer)) return;
  const module = await instantiateHash(await load(), memory);
  if (thread === 'decoder') module.exports.useSecondScratch();
  adopted.set(memory.buffer, module);
}

type Sum = 'crc32' | 'crc32c';

/** `module` is the one for bytes that lie in no adopted memory. */
export function sumUp(module: HashModule, sum: Sum, crc: number, bytes: Uint8Array): number {
  const there = adopted.get(bytes.buffer);
  if (there !== undefined) return there.exports[sum](crc, bytes.byteOffset, bytes.length) >>> 0;
  const { exports, data } = module;
  let sumSoFar = crc;
  for (let at = 0; at < bytes.length; at += data.length) {
    const piece = bytes.subarray(at, at + data.length);
    copyBytes(piece, data, 0);
    sumSoFar = exports[sum](sumSoFar, exports.dataAt.value, piece.length) >>> 0;
  }
  return sumSoFar;
}

/** A page that is not what its checksum says. */
export interface WrongPage {
  /** Counted over all segments, as in the server's messages. */
  readonly block: number;
  /** The checksum the page carries. */
  readonly expected: number;
  /** That of its content; 0 when the page says that it is new, which it can only be when it is empty. */
  readonly found: number;
}

/** The wrong ones among whole pages, the first of which is block `block`; in adopted memory they are read where they lie. */
export function* wrongPagesIn(
  module: HashModule,
  bytes: Uint8Array,
  { pageBytes, block }: { readonly pageBytes: number; readonly block: number },
): Iterable<WrongPage> {
  const there = adopted.get(bytes.buffer);
  const { exports, data, damage } = there ?? module;
  const pieceBytes = there === undefined ? data.length : pagesAtOnce * pageBytes;
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    if (there === undefined) copyBytes(piece, data, 0);
    const from = there === undefined ? exports.dataAt.value : piece.byteOffset;
    const first = block + at / pageBytes;
    const wrong = exports.checkPages(from, piece.length / pageBytes, pageBytes, first);
    for (let n = 0; n < wrong; n++) {
      const [index = 0, found = 0, expected = 0] = damage.subarray(3 * n, 3 * n + 3);
      yield { block: first + index, expected, found };
    }
  }
}
