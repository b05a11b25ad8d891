import type { ErrorData } from '../errors/serialize.ts';
import type { TargetFacts } from '../target/target.ts';
import { refusal } from './refusal.ts';
import { isWithin } from './resolve-tablespaces.ts';

/** What a run, or whoever runs it, still needs when its target has been emptied. */
export interface KeptPlace {
  /** As a sentence begins with it: `The journal`. */
  readonly what: string;
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** It must not hold the target either: whatever is written into it there would become part of it. */
  readonly holdsNothing: boolean;
}

/** Null when all of them are apart from the target. */
export function keptPlaceRefused(
  places: readonly KeptPlace[],
  { description, location }: Pick<TargetFacts, 'description' | 'location'>,
): ErrorData | null {
  for (const { what, path, holdsNothing } of places) {
    const isRemoved = isWithin(path, location);
    if (!isRemoved && !(holdsNothing && isWithin(location, path))) continue;
    const where = path === location ? 'is' : isRemoved ? 'lies inside' : 'holds';
    const why = isRemoved ? ', which a restore empties first' : '';
    return refusal(
      'PRECONDITION_FAILED',
      `${what}${path === location ? '' : `, ${path},`} ${where} the target ${description}${why}.`,
      'Choose another target, or another place for it.',
      { path, target: location },
    );
  }
  return null;
}
