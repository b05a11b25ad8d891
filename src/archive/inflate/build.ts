import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inflateMemoryPages, inflateWasmUrl, instantiateModule } from './inflate-module.ts';

const source = new URL('./assembly/index.ts', import.meta.url);
const inputs = [source, new URL('./crc32c.ts', source), new URL(import.meta.url)];

async function modifiedMs(file: URL): Promise<number> {
  const found = await stat(file).catch(() => null);
  return found === null ? 0 : found.mtimeMs;
}

/** Static data must stay below the first table (LITLEN in assembly/index.ts). */
const firstTable = 4096;

/**
 * Compiles the inflate module to build/inflate.wasm; returns false when it was up to date.
 * asc is a development dependency: a published package carries the compiled file.
 */
export async function buildInflate(): Promise<boolean> {
  const newest = Math.max(...(await Promise.all(inputs.map(modifiedMs))));
  if ((await modifiedMs(inflateWasmUrl)) > newest) return false;

  const { default: asc } = await import('assemblyscript/asc');
  await mkdir(new URL('./', inflateWasmUrl), { recursive: true });
  // Several test processes may build at once: each writes its own file, the rename is atomic.
  const output = `${fileURLToPath(inflateWasmUrl)}.${process.pid}`;
  const flags = [
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    // The decoder's output is read by the thread that writes the files.
    '--enable',
    'threads',
    '--importMemory',
    '--sharedMemory',
    '--maximumMemory',
    String(inflateMemoryPages.maximum),
    '--use',
    'abort=',
  ];
  const { error, stderr } = await asc.main([
    fileURLToPath(source),
    ...['--outFile', output, '--baseDir', fileURLToPath(new URL('./', source))],
    // Grown by the decoder to what its buffers need.
    ...['--initialMemory', String(inflateMemoryPages.initial), ...flags],
  ]);
  try {
    if (error) throw new Error(`asc failed: ${stderr.toString()}`, { cause: error });
    const module = await WebAssembly.compile(await readFile(output));
    const imports = WebAssembly.Module.imports(module);
    if (imports.length !== 1 || imports[0]?.kind !== 'memory')
      throw new Error(`inflate.wasm must import its memory and nothing else: ${JSON.stringify(imports)}`);
    const { exports } = await instantiateModule(module);
    const end = exports.staticDataEnd();
    if (end > firstTable) throw new Error(`Static data of inflate.wasm ends at ${end}, inside its tables`);
    await rename(output, inflateWasmUrl);
  } finally {
    await rm(output, { force: true });
  }
  return true;
}

if (import.meta.main) await buildInflate();
