import type { ErrorCode } from '../errors/codes.ts';
import type { ErrorData } from '../errors/serialize.ts';

/** A reason not to restore a backup, as the contents list it. */
export function problem(
  code: ErrorCode,
  message: string,
  hint: string,
  details: Record<string, unknown> = {},
): ErrorData {
  return { code, message, hint, details, causes: [] };
}
