/**
 * Rises when a state, an actor name, a context key or a history target changes; a test holds the machine's
 * shape against it. A run with an older snapshot is replayed from its step records.
 */
export const machineVersion = 5;
