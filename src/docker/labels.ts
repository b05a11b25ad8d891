/** On everything in the engine that a run of odo made: its run id. */
export const runIdLabel = 'odo.run-id';

/** On helper containers (src/target/helper-container.ts): what they are for. They never run PostgreSQL. */
export const helperLabel = 'odo.helper';
