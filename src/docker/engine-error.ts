import { errorCode, isAbort, OdoError } from '../errors/odo-error.ts';

/** What dockerode rejects with: the engine's status and message, or the connection's errno. */
interface EngineAnswer {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | null;
  readonly code?: string;
}

const deniedCodes = new Set(['EACCES', 'EPERM']);

/** The engine was not there to be asked, as opposed to having said no. */
const unreachableCodes = new Set([
  'ENOENT',
  'ECONNREFUSED',
  ...deniedCodes,
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

function answerOf(error: unknown): EngineAnswer {
  return typeof error === 'object' && error !== null ? (error as EngineAnswer) : {};
}

/** The connection broke before or in the answer; what was asked for may have been done. */
const brokenCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);

/** No answer came in time. */
export class SilentEngine extends Error {
  constructor(limitMs: number) {
    super(`it did not answer for ${Math.round(limitMs / 1000)} s`);
  }
}

/** How often it is worth asking again after this failure of dockerode; 0 for what the engine refused. */
export function repeatsOf(error: unknown): number {
  if (error instanceof SilentEngine) return 2;
  const { code, statusCode } = answerOf(error);
  // An engine that had trouble; it also answers so where trying again is in vain (a disk that is full).
  if (statusCode !== undefined) return statusCode >= 500 && !isFull(error) ? 2 : 0;
  if (code === undefined || deniedCodes.has(code)) return 0;
  return brokenCodes.has(code) || unreachableCodes.has(code) || code.startsWith('HPE_') ? 5 : 0;
}

/** For the first call of all: where there is no engine, that is said at once. */
export function repeatsWhereOneIs(error: unknown): number {
  const { code } = answerOf(error);
  return code !== undefined && unreachableCodes.has(code) ? 0 : repeatsOf(error);
}

/** The engine had trouble or could not be asked, as opposed to having refused: it may be otherwise the next time. */
export function isEngineTrouble(error: unknown): boolean {
  const code = errorCode(error);
  if (code === 'ENGINE_UNREACHABLE') return true;
  if (code !== 'ENGINE_FAILED') return false;
  const statusCode = (error as OdoError).details?.['statusCode'];
  return typeof statusCode !== 'number' || statusCode >= 500;
}

/** Of an error that `engineError` made. */
export const isSilence = (error: unknown): boolean =>
  error instanceof OdoError && error.cause instanceof SilentEngine;

/** Wraps an error of dockerode once; `what` says what was asked for: "create the volume pgdata". */
export function engineError(error: unknown, what: string, address?: string): unknown {
  if (isAbort(error) || errorCode(error) !== undefined) return error;
  const answer = answerOf(error);
  if (answer.statusCode === undefined && answer.code !== undefined && unreachableCodes.has(answer.code)) {
    return engineUnreachable(error, address, what);
  }
  const message = messageOf(error, answer);
  const details = { statusCode: answer.statusCode ?? null, engineMessage: message };
  if (isFull(error)) {
    return new OdoError('NOT_ENOUGH_SPACE', `The Docker engine has no space left to ${what}: ${message}`, {
      hint: 'Free space where the engine keeps its volumes, then resume the run.',
      details,
      cause: error,
    });
  }
  // What the engine says in its answers speaks for itself.
  if (answer.statusCode !== undefined && answer.statusCode < 500)
    return new OdoError('ENGINE_FAILED', `The Docker engine could not ${what}: ${message}`, {
      details,
      cause: error,
    });
  const place = address === undefined ? 'The Docker engine' : `The Docker engine at ${address}`;
  return new OdoError('ENGINE_FAILED', `${place} could not ${what}: ${message}`, {
    hint: 'Look at the engine (docker info, journalctl -u docker), then go on.',
    details: { ...details, address: address ?? null },
    cause: error,
  });
}

/** The engine gives the errno of the write only as text. */
function isFull(error: unknown): boolean {
  return /no space left on device|disk quota exceeded/i.test(messageOf(error, answerOf(error)));
}

/** `what` was asked for; without it the engine never answered at all. */
export function engineUnreachable(cause: unknown, address?: string, what?: string): OdoError {
  const code = answerOf(cause).code;
  const isDenied = code !== undefined && deniedCodes.has(code);
  const place = address === undefined ? '' : ` at ${address}`;
  const purpose = what === undefined ? '' : `, so that odo could not ${what}`;
  return new OdoError('ENGINE_UNREACHABLE', `The Docker engine${place} does not answer${purpose}.`, {
    hint: isDenied
      ? 'Run odo as root or as a member of the group docker.'
      : 'Start the engine, or set DOCKER_HOST to the one to use (docker contexts are not read).',
    details: { address: address ?? null, errno: code ?? null },
    cause,
  });
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
