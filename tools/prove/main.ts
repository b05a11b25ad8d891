/**
 * `npm run prove [-- PART…]`: every case of the parts in test/proof, then docs/proof.md with what they gave.
 * `npm run prove -- --page` writes the page of records that are there already.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ProofPart, proofParts } from '../../test/proof/parts.ts';
import { recordDirectory } from '../../test/support/proof.ts';
import { writeProofPage } from './page.ts';

const root = join(import.meta.dirname, '../..');
const known = Object.keys(proofParts) as ProofPart[];

function prove(parts: readonly ProofPart[]): number {
  rmSync(recordDirectory, { recursive: true, force: true });
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--config',
      join(root, 'vitest.config.ts'),
      ...parts.map((part) => `test/proof/${part}`),
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ODO_PROVE: 'whole' } },
  );
  return status ?? 1;
}

const args = process.argv.slice(2);
const pageOnly = args[0] === '--page';
const unknown = pageOnly ? args.slice(1) : args.filter((arg) => !(arg in proofParts));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. Parts: ${known.join(', ')}.`);
  process.exit(2);
}
const chosen = args.length === 0 || pageOnly ? known : (args as ProofPart[]);
const exitCode = pageOnly ? 0 : prove(chosen);
// A page is written of what held only.
if (exitCode === 0) console.log(`written: ${writeProofPage(chosen)}`);
process.exit(exitCode);
