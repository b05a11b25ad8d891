import { OdoError } from '../errors/odo-error.ts';
import { bucketNotFound, detailsOf, type StoreDialect } from './store-errors.ts';

/** Google Cloud Storage, by the JSON API's reference of errors. */
export const gcsDialect: StoreDialect = {
  missingPlace: [],
  denials: {},
  deniedHint: ({ key }) =>
    key === null
      ? 'The credentials need storage.objects.list on the bucket (role Storage Object Viewer).'
      : 'The credentials need storage.objects.get on it (role Storage Object Viewer).',
  particular({ status, message }, attempt, cause) {
    if (status === 404 && /bucket does not exist/i.test(message)) return bucketNotFound(attempt, cause);
    if (status !== 401) return null;
    return new OdoError('ACCESS_DENIED', `${attempt.endpoint} wants credentials that are valid.`, {
      hint: 'Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or sign in with: gcloud auth application-default login',
      details: detailsOf(attempt, status),
      cause,
    });
  },
};
