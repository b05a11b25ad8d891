import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generateDocs } from '../../../tools/generate-docs.ts';

const root = join(import.meta.dirname, '../../..');

it.each([...generateDocs()])('%s is what "node tools/generate-docs.ts" writes now', (path, content) => {
  expect(existsSync(join(root, path)), path).toBe(true);
  expect(readFileSync(join(root, path), 'utf8')).toBe(content);
});
