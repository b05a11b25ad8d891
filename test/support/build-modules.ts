/** vitest's global set-up: the WebAssembly modules, for whoever runs vitest without tools/with-node.sh. */
import { buildModules } from '../../src/archive/wasm/build.ts';

export const setup = buildModules;
