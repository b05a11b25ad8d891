import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const script = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  await import(process.argv[1]);
  console.log(JSON.stringify(loaded));
`;

it('reads objects in a thread without loading the SDK', async () => {
  const reader = new URL('../../../src/storage/object-reader.ts', import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
    reader,
  ]);
  const loaded = JSON.parse(stdout) as string[];
  expect(loaded).toContain(reader);
  expect(loaded.filter((url) => /@aws-sdk|@smithy/.test(url))).toEqual([]);
  // Threads are started often: a handful of files.
  expect(loaded.length).toBeLessThan(40);
});
