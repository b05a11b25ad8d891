import { FIRST_SCRATCH, SECOND_SCRATCH } from './memory';

/** Where this instance folds. */
export let scratch: usize = FIRST_SCRATCH;

export function useSecondScratch(): void {
  scratch = SECOND_SCRATCH;
}
