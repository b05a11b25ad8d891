import type { ErrorCode } from '../errors/codes.ts';
import type { ErrorData } from '../errors/serialize.ts';

/** A preliminary check's answer: what was found, and the way out. */
export const refusal = (
  code: ErrorCode,
  message: string,
  hint: string,
  details: Record<string, unknown> = {},
): ErrorData => ({ code, message, hint, details, causes: [] });

/** The first refusal, if any. */
export const firstOf = <One>(all: readonly One[], check: (one: One) => ErrorData | null): ErrorData | null =>
  all.map(check).find((problem) => problem !== null) ?? null;
