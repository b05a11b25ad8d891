import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { OdoError } from '../errors/odo-error.ts';
import type { AzureCredentials } from './credentials.ts';
import { parseEndpoint } from './storage-url.ts';

/** How a storage account is reached. */
export interface AzureAccess {
  /** Of the blob service, without a SAS token. */
  readonly serviceUrl: string;
  /** Without a question mark; empty where the credential is another. */
  readonly sasToken: string;
  readonly credential: BlobServiceClient['credential'] | null;
}

export interface AzureAccount {
  readonly account: string;
  /** Of the blob service where it is not Azure's public cloud: Azurite, a sovereign cloud, a private link. */
  readonly endpoint: string | null;
}

/**
 * The first that is there of a connection string, an account key and a SAS token, else what @azure/identity finds.
 * @throws CONFIG_INVALID when the credentials are of another account or cannot be read
 */
export async function azureAccess(
  { account, endpoint }: AzureAccount,
  credentials: AzureCredentials | null,
): Promise<AzureAccess> {
  const { connectionString = null, key = null, sasToken = null } = credentials ?? {};
  const serviceUrl = endpoint === null ? `https://${account}.blob.core.windows.net` : parseEndpoint(endpoint);
  if (connectionString !== null) {
    const service = serviceOf(connectionString);
    requireAccount(account, service.accountName, 'AZURE_STORAGE_CONNECTION_STRING');
    const [url = '', sas = ''] = service.url.split('?');
    return {
      serviceUrl: endpoint === null ? url.replace(/\/$/, '') : serviceUrl,
      sasToken: sas,
      credential: service.credential,
    };
  }
  if (key !== null) {
    requireAccount(account, credentials?.account ?? account, 'AZURE_STORAGE_ACCOUNT');
    return { serviceUrl, sasToken: '', credential: new StorageSharedKeyCredential(account, key) };
  }
  if (sasToken !== null)
    return { serviceUrl, sasToken: sasToken.trim().replace(/^\?/, ''), credential: null };
  const { DefaultAzureCredential } = await import('@azure/identity');
  return { serviceUrl, sasToken: '', credential: new DefaultAzureCredential() };
}

function serviceOf(connectionString: string): BlobServiceClient {
  try {
    return BlobServiceClient.fromConnectionString(connectionString.trim());
  } catch {
    // Not kept as the cause: the SDK may quote the string.
    throw new OdoError('CONFIG_INVALID', 'AZURE_STORAGE_CONNECTION_STRING cannot be read.', {
      hint: 'Copy it anew from the storage account’s page, or with: az storage account show-connection-string',
    });
  }
}

function requireAccount(wanted: string, found: string, variable: string): void {
  // An endpoint whose host is an address of its own has no account in it.
  if (found === '' || found === wanted) return;
  throw new OdoError('CONFIG_INVALID', `${variable} is of account ${found}, the backups lie in ${wanted}.`, {
    hint: `Set the credentials of ${wanted}, or check the backup’s address.`,
    details: { wanted, found },
  });
}
