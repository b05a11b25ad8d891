import { readFileSync } from 'node:fs';

// src/run and dist/run lie at the same depth below package.json.
const manifest: { version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

export const odoVersion: string = manifest.version;
