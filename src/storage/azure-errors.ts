import { OdoError } from '../errors/odo-error.ts';
import { detailsOf, placeOf, type StoreAttempt, type StoreDialect, storeError } from './store-errors.ts';

const noCredentials = ['CredentialUnavailableError', 'AggregateAuthenticationError', 'AuthenticationError'];

/** Azure Blob Storage; its error codes are those of the REST API's reference. */
export const azureDialect: StoreDialect = {
  missingPlace: ['ContainerNotFound', 'ContainerBeingDeleted', 'ContainerDisabled'],
  denials: {
    AuthenticationFailed: [
      'rejects the signature: the account key or the SAS token is wrong or has expired',
      'Check AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, and this machine’s clock.',
    ],
    AuthorizationFailure: [
      'refuses the credentials, or requests from this network',
      'Check AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, and the account’s network rules.',
    ],
    InvalidAuthenticationInfo: [
      'cannot read the credentials',
      'Check AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING.',
    ],
    NoAuthenticationInformation: [
      'wants credentials and got none',
      'Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING.',
    ],
    PublicAccessNotPermitted: [
      'allows no reading without credentials',
      'Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING.',
    ],
  },
  deniedHint: ({ key }) =>
    key === null
      ? 'The credentials need the right to list the container (role Storage Blob Data Reader, or l in the SAS).'
      : 'The credentials need the right to read it (role Storage Blob Data Reader, or r in the SAS).',
  particular({ is, status, message }, attempt, cause) {
    const { bucket, endpoint, key } = attempt;
    const details = detailsOf(attempt, status);
    if (is(...noCredentials) || /credential chain|no credential/i.test(message)) {
      return new OdoError(
        'ACCESS_DENIED',
        `No credentials were found for container ${bucket} at ${endpoint}.`,
        {
          hint: 'Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or sign in with az login, a managed identity or AZURE_CLIENT_ID and its secret.',
          details,
          cause,
        },
      );
    }
    if (is('BlobArchived', 'BlobBeingRehydrated')) {
      return new OdoError(
        'PRECONDITION_FAILED',
        `${key === null ? placeOf(attempt) : `${key} in ${placeOf(attempt)}`} lies in the archive tier and cannot be read now.`,
        {
          hint: `Rehydrate it first, for example: az storage blob set-tier --tier Hot -c ${bucket} -n '${key ?? ''}'`,
          details,
          cause,
        },
      );
    }
    return null;
  },
};

/** Any failure of an Azure call as an OdoError. */
export const azureError = (cause: unknown, attempt: StoreAttempt): OdoError =>
  storeError(cause, attempt, azureDialect);
