import type { ErrorCode } from '../errors/codes.ts';
import type { ErrorData } from '../errors/serialize.ts';

/** A preliminary check's answer: what was found, and the way out. */
export const refusal = (
  code: ErrorCode,
  message: string,
  hint: string,
  details: Record<string, unknown> = {},
): ErrorData => ({ code, message, hint, details, causes: [] });
