import type { Proof, Proving } from './proof.ts';

/** What is proved about a drill's database, in the order in which it is told. */
export function proofsOf(_proving: Proving): readonly Proof[] {
  return [];
}
