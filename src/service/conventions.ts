/** A shutdown checkpoint of a large server takes minutes; the engine's own 10 s would end in a kill. */
export const stopTimeoutSeconds = 600;

/** Whom to connect as, likeliest first. */
export function superuserCandidates(...names: readonly (string | null | undefined)[]): string[] {
  return [
    ...new Set([...names, 'postgres'].filter((name) => typeof name === 'string' && name !== '')),
  ] as string[];
}
