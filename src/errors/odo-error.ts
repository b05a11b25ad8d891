import { type ErrorCode, errorKinds } from './codes.ts';

export interface OdoErrorOptions {
  /** A command or a choice the operator has. */
  readonly hint?: string;
  /** Facts for machines; never a secret. */
  readonly details?: Record<string, unknown>;
  readonly cause?: unknown;
}

/**
 * The one error class of odo: a sentence that says what and which, a hint that says what to do next.
 * Match on `code`; errors cross the journal as data (serialize.ts) and lose their class there.
 */
export class OdoError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: OdoErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OdoError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }

  get exitCode(): number {
    return errorKinds[this.code].exitCode;
  }
}

/** The code of an error of ours, wherever it was constructed; undefined for a foreign error. */
export function errorCode(error: unknown): ErrorCode | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const code = error.code;
  return typeof code === 'string' && Object.hasOwn(errorKinds, code) ? (code as ErrorCode) : undefined;
}

/** True for the reason an AbortSignal carries through: an interruption is not an error to report. */
export function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';
}
