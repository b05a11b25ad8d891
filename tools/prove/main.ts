/**
 * `npm run prove [-- PART…]`: every case of the parts in test/proof, then docs/proof.md with what they gave.
 * `npm run prove -- --within MINUTES`: of all parts as many as fit by what they took the last time, others each day; writes
 * no page.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ProofPart, proofParts } from '../../test/proof/parts.ts';
import { recordDirectory } from '../../test/support/proof.ts';
import { lastSeconds, writeProofPage } from './page.ts';

const root = join(import.meta.dirname, '../..');
const known = Object.keys(proofParts) as ProofPart[];

function prove(parts: readonly ProofPart[]): number {
  rmSync(recordDirectory, { recursive: true, force: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--project', 'integration', ...parts.map((part) => `test/proof/${part}`)],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ODO_PROVE: 'whole' } },
  );
  return status ?? 1;
}

/** The first is another one each day, so that each has its turn. */
function partsWithin(minutes: number): readonly ProofPart[] {
  const first = Math.floor(Date.now() / 86_400_000) % known.length;
  let left = minutes * 60;
  return [...known.slice(first), ...known.slice(0, first)].filter((part) => {
    const seconds = lastSeconds(part);
    if (seconds === null || seconds > left) return false;
    left -= seconds;
    return true;
  });
}

function complain(message: string): never {
  console.error(message);
  process.exit(2);
}

function proveWithin(given: string | undefined): number {
  const minutes = Number(given);
  if (!(minutes > 0)) complain('--within: a number of minutes is expected.');
  const parts = partsWithin(minutes);
  if (parts.length === 0)
    complain(`No part fits into ${minutes} minutes; docs/proof.md says what they take.`);
  console.log(`proving: ${parts.join(', ')}`);
  return prove(parts);
}

function proveAndWrite(args: readonly string[]): number {
  const unknown = args.filter((arg) => !(arg in proofParts));
  if (unknown.length > 0) complain(`There is no part ${unknown.join(', ')}. Parts: ${known.join(', ')}.`);
  const chosen = args.length === 0 ? known : (args as ProofPart[]);
  const exitCode = prove(chosen);
  // A page is written of what held only.
  if (exitCode === 0) console.log(`written: ${writeProofPage(chosen)}`);
  return exitCode;
}

const args = process.argv.slice(2);
process.exit(args[0] === '--within' ? proveWithin(args[1]) : proveAndWrite(args));
