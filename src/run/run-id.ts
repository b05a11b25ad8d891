import { randomInt } from 'node:crypto';

/** Consonants and digits that cannot be mistaken for each other when read aloud. */
const letters = 'bcdfghjkmnpqrstvwxz23456789';

/** `20261122-220955-k3f9`: UTC time and four random letters; sorts by time, readable aloud, fit for names. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').slice(0, 15).replace('T', '-');
  const suffix = Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return `${stamp}-${suffix}`;
}
