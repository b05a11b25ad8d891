import { OdoError } from '../errors/odo-error.ts';
import { foreignError, networkReason } from './store-errors.ts';

/** Status codes of SFTP version 3, draft-ietf-secsh-filexfer-02, 7. */
export const sftpStatus = { eof: 1, noSuchFile: 2, permissionDenied: 3 } as const;

export interface SftpAttempt {
  /** `sftp://me@host:22` */
  readonly server: string;
  readonly path: string;
}

/** The number that an SFTP server answered with; null for every other failure. */
export function statusOf(error: unknown): number | null {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'number' ? code : null;
}

/** Any failure of SSH or SFTP as an OdoError. */
export function sftpError(cause: unknown, { server, path }: SftpAttempt): OdoError {
  if (cause instanceof OdoError) return cause;
  const details = { server, path };
  const status = statusOf(cause);
  if (status === sftpStatus.noSuchFile) {
    return new OdoError('OBJECT_NOT_FOUND', `There is no file ${path} at ${server}.`, {
      hint: 'List what is there with: odo backups',
      details,
      cause,
    });
  }
  if (status === sftpStatus.permissionDenied) {
    return new OdoError('ACCESS_DENIED', `${path} cannot be read by this user of ${server}.`, {
      hint: 'Name another user in the address, or change the permissions there.',
      details,
      cause,
    });
  }
  const { level } = (cause ?? {}) as { level?: unknown };
  if (level === 'client-authentication') {
    return new OdoError('ACCESS_DENIED', `${server} accepts none of the keys and passwords that odo has.`, {
      hint: 'Add the key to the agent (ssh-add), name its file with --ssh-key, or set ODO_SSH_PASSWORD; try it with: sftp',
      details,
      cause,
    });
  }
  const { code, message } = foreignError(cause);
  const reason =
    level === 'client-timeout' ? networkReason('ETIMEDOUT') : code === null ? 'failed' : networkReason(code);
  const said = status === null ? '' : ` (${message})`;
  return new OdoError('STORAGE_UNAVAILABLE', `${server} ${reason} while reading ${path}${said}.`, {
    hint: 'Check the address, the network and the server, then try again (a run that had begun: odo resume).',
    details: { ...details, ...(code === null ? {} : { reason: code }) },
    cause,
  });
}
