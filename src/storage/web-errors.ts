import { OdoError } from '../errors/odo-error.ts';
import { detailsOf, type StoreDialect } from './store-errors.ts';

/** A plain web server, which has no words of its own. */
export const webDialect: StoreDialect = {
  missingPlace: [],
  denials: {},
  deniedHint: ({ key }) =>
    key === null
      ? 'Set ODO_HTTP_USER and ODO_HTTP_PASSWORD, or let the server show a listing of the folder. A bucket is s3://BUCKET/PREFIX with its host in -e.'
      : 'Set ODO_HTTP_USER and ODO_HTTP_PASSWORD, or change the permissions there.',
  particular({ status }, attempt, cause) {
    if (status === null || status < 300 || status > 399) return null;
    return new OdoError('CONFIG_INVALID', `${attempt.endpoint} redirects to another address.`, {
      hint: 'Give the address that it redirects to.',
      details: detailsOf(attempt, status),
      cause,
    });
  },
};
