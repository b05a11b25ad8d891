/** Starts a recovery server and does nothing more: a test kills this process. argv: a JSON of its options. */
import { LocalLauncher } from '../../../src/service/launcher-local.ts';

const launcher = new LocalLauncher(JSON.parse(process.argv[2] ?? ''));
const server = await launcher.launch(
  [],
  (line) => process.stdout.write(`${line}\n`),
  new AbortController().signal,
);
await server.exited;
