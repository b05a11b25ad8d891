import { errorCode, isAbort, OdoError } from '../errors/odo-error.ts';

/** What dockerode rejects with: the engine's status and message, or the connection's errno. */
interface EngineAnswer {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | null;
  readonly code?: string;
}

/** The engine was not there to be asked, as opposed to having said no. */
const unreachableCodes = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'EPERM',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

function answerOf(error: unknown): EngineAnswer {
  return typeof error === 'object' && error !== null ? (error as EngineAnswer) : {};
}

/** Wraps an error of dockerode once; `what` says what was asked for: "create the volume pgdata". */
export function engineError(error: unknown, what: string): unknown {
  if (isAbort(error) || errorCode(error) !== undefined) return error;
  const answer = answerOf(error);
  if (answer.statusCode === undefined && answer.code !== undefined && unreachableCodes.has(answer.code)) {
    return engineUnreachable(error);
  }
  const message = messageOf(error, answer);
  const details = { statusCode: answer.statusCode ?? null, engineMessage: message };
  // The engine gives the errno of the write only as text.
  if (/no space left on device|disk quota exceeded/i.test(message)) {
    return new OdoError('NOT_ENOUGH_SPACE', `The Docker engine has no space left to ${what}: ${message}`, {
      hint: 'Free space where the engine keeps its volumes, then resume the run.',
      details,
      cause: error,
    });
  }
  return new OdoError('ENGINE_FAILED', `The Docker engine could not ${what}: ${message}`, {
    details,
    cause: error,
  });
}

export function engineUnreachable(cause: unknown, address?: string): OdoError {
  const code = answerOf(cause).code;
  const isDenied = code === 'EACCES' || code === 'EPERM';
  return new OdoError(
    'ENGINE_UNREACHABLE',
    `The Docker engine${address ? ` at ${address}` : ''} does not answer.`,
    {
      hint: isDenied
        ? 'Run odo as root or as a member of the group docker.'
        : 'Start the engine, or set DOCKER_HOST to the one to use (docker contexts are not read).',
      details: { address: address ?? null, errno: code ?? null },
      cause,
    },
  );
}

function messageOf(error: unknown, answer: EngineAnswer): string {
  if (typeof answer.json?.message === 'string') return answer.json.message;
  if (!(error instanceof Error)) return String(error);
  // dockerode: "(HTTP code 500) server error - the engine's message "
  return error.message.replace(/^\(HTTP code \d+\)[^-]*- /, '').trim() || error.name;
}

function hasStatus(error: unknown, statusCode: number): boolean {
  if (errorCode(error) !== 'ENGINE_FAILED') return answerOf(error).statusCode === statusCode;
  return (error as OdoError).details?.['statusCode'] === statusCode;
}

/** The engine answered that there is no such container, volume or image. */
export function isNotFound(error: unknown): boolean {
  return hasStatus(error, 404);
}

/** The engine answered that the state does not allow it: name taken, volume in use, container not running. */
export function isConflict(error: unknown): boolean {
  return hasStatus(error, 409);
}

/** The container was started, or stopped, already. */
export function isNotModified(error: unknown): boolean {
  return hasStatus(error, 304);
}

/** Asks the engine; an interruption keeps the signal's reason, everything else becomes an OdoError that says what was asked. */
export async function ask<Result>(
  what: string,
  signal: AbortSignal | undefined,
  request: (options: { abortSignal?: AbortSignal }) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  try {
    return await request(signal ? { abortSignal: signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw engineError(error, what);
  }
}

/** As `ask`, null when the engine knows no such thing. */
export async function askForMaybe<Result>(
  what: string,
  signal: AbortSignal | undefined,
  request: (options: { abortSignal?: AbortSignal }) => Promise<Result>,
): Promise<Result | null> {
  try {
    return await ask(what, signal, request);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
