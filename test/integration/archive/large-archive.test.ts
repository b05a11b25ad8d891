import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { buildInflate } from '../../../src/archive/inflate/build.ts';
import { temporaryDirectory } from '../../unit/archive/restore-samples.ts';

beforeAll(async () => {
  await buildInflate();
});

it('restores a gzip member and a file above 4 GiB in a fraction of the memory', async () => {
  await using root = await temporaryDirectory();
  const script = new URL('./decode-large.ts', import.meta.url).pathname;
  const { stdout } = await execa(process.execPath, ['--max-old-space-size=48', script, root.path]);
  const result = JSON.parse(stdout) as { outputBytes: number; saved: number; peakMiB: number };
  expect(result.outputBytes).toBe(530 * 8 * 2 ** 20 + 512 + 1024);
  expect(result.saved).toBeGreaterThan(10);
  expect(result.peakMiB).toBeLessThan(200);
}, 120_000);
