import type { ErrorCode } from './codes.ts';
import { quotable, withoutKnownSecrets } from './known-secrets.ts';
import { errorCode, OdoError } from './odo-error.ts';

/** An error as data: what the journal, the machine's context and `--json` hold. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Record<string, unknown>;
  /** Messages of the causes, outermost first. */
  readonly causes: readonly string[];
  /** Only for a bug in odo: where it happened. */
  readonly stack?: string;
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let current = error instanceof Error ? error.cause : undefined;
  while (current !== undefined && causes.length < 8) {
    causes.push(quotable(current instanceof Error ? current.message || current.name : String(current)));
    current = current instanceof Error ? current.cause : undefined;
  }
  return causes;
}

/** Reads of the journal pass its errors through as they are: a page of the file that the disk has damaged, for one. */
const isOfSqlite = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_');

/** Any thrown value as data; a value odo did not expect becomes a BUG with its stack. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof OdoError) {
    return {
      code: error.code,
      message: withoutKnownSecrets(error.message),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
      causes: causesOf(error),
    };
  }
  if (isOfSqlite(error)) {
    return {
      code: 'JOURNAL_FAILED',
      message: `The journal cannot be used: ${error.message}.`,
      hint: 'Check the file, its rights and the disk; --journal FILE names another journal.',
      causes: causesOf(error),
    };
  }
  const code = errorCode(error) ?? 'BUG';
  const message = quotable(error instanceof Error ? error.message : String(error));
  return {
    code,
    message,
    causes: causesOf(error),
    ...(code === 'BUG' && error instanceof Error && error.stack ? { stack: quotable(error.stack) } : {}),
  };
}

export function fromErrorData(data: ErrorData): OdoError {
  const cause = data.causes.reduceRight<Error | undefined>(
    (inner, message) => new Error(message, inner ? { cause: inner } : undefined),
    undefined,
  );
  return new OdoError(data.code, data.message, {
    ...(data.hint === undefined ? {} : { hint: data.hint }),
    ...(data.details === undefined ? {} : { details: data.details }),
    ...(cause === undefined ? {} : { cause }),
  });
}
