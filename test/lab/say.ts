/** Progress of the lab, for the person who waits; stdout belongs to the tests. */
export function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}
