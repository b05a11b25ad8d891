import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { memoryPages } from './memory-pages.ts';

export interface ModuleBuild {
  /** Holds the sources, of which index.ts is the entry. Ends with a slash. */
  readonly sources: URL;
  /** Other files that the result depends on. */
  readonly alsoFrom: readonly URL[];
  readonly output: URL;
  /** Throws when the compiled module is not what its caller expects. */
  readonly check: (module: WebAssembly.Module) => Promise<void>;
}

async function modifiedMs(file: URL): Promise<number> {
  const found = await stat(file).catch(() => null);
  return found === null ? 0 : found.mtimeMs;
}

/**
 * Compiles AssemblyScript to one WebAssembly file; returns false when it was up to date.
 * asc is a development dependency: a published package carries the compiled files.
 */
export async function buildModule(build: ModuleBuild): Promise<boolean> {
  const { sources, output } = build;
  const names = await readdir(sources);
  const inputs = [
    ...names.map((name) => new URL(name, sources)),
    ...build.alsoFrom,
    new URL(import.meta.url),
    new URL('./memory-pages.ts', import.meta.url),
  ];
  const newest = Math.max(...(await Promise.all(inputs.map(modifiedMs))));
  if ((await modifiedMs(output)) > newest) return false;

  const { default: asc } = await import('assemblyscript/asc');
  await mkdir(new URL('./', output), { recursive: true });
  // Several test processes may build at once: each writes its own file, the rename is atomic.
  const unfinished = `${fileURLToPath(output)}.${process.pid}`;
  const { error, stderr } = await asc.main([
    fileURLToPath(new URL('index.ts', sources)),
    ...['--outFile', unfinished, '--baseDir', fileURLToPath(sources)],
    ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='],
    // What one thread's module has written another's reads; grown by whoever made it.
    ...['--enable', 'threads', '--importMemory', '--sharedMemory'],
    ...['--initialMemory', String(memoryPages.initial), '--maximumMemory', String(memoryPages.maximum)],
  ]);
  try {
    if (error) throw new Error(`asc failed: ${stderr.toString()}`, { cause: error });
    const module = await WebAssembly.compile(await readFile(unfinished));
    const imports = WebAssembly.Module.imports(module);
    if (imports.length !== 1 || imports[0]?.kind !== 'memory')
      throw new Error(`A module must import its memory and nothing else: ${JSON.stringify(imports)}`);
    await build.check(module);
    await rename(unfinished, output);
  } finally {
    await rm(unfinished, { force: true });
  }
  return true;
}
