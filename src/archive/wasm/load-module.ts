import { readFile } from 'node:fs/promises';
import { OdoError } from '../../errors/odo-error.ts';

/** Compiles one of build/*.wasm. `what`: for the error, with its article. */
export async function loadModule(file: URL, what: string): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(await readFile(file));
  } catch (cause) {
    throw new OdoError('BUG', `${what} could not be loaded from ${file.pathname}.`, {
      hint: 'Build it with: node src/archive/wasm/build.ts',
      cause,
    });
  }
}
