import { OdoError } from '../errors/odo-error.ts';
import type {
  AzureCredentials,
  GoogleCredentials,
  S3Credentials,
  SourceCredentials,
  SshCredentials,
  WebCredentials,
} from '../storage/credentials.ts';
import type { LoadedSettings } from './load.ts';

/** What opens the source, whichever it is: at resume only the journal knows its address. Null: nothing is set. */
export function resolveCredentials(loaded: LoadedSettings): SourceCredentials | null {
  const found = {
    s3: s3Credentials(loaded),
    azure: azureCredentials(loaded),
    ssh: sshCredentials(loaded),
    google: googleCredentials(loaded),
    web: webCredentials(loaded),
  };
  return Object.values(found).every((one) => one === null) ? null : found;
}

function azureCredentials({ settings }: LoadedSettings): AzureCredentials | null {
  const { azureConnectionString: connectionString, azureAccount: account } = settings;
  const { azureKey: key, azureSasToken: sasToken } = settings;
  if (connectionString === null && key === null && sasToken === null) return null;
  return { connectionString, account, key, sasToken };
}

function googleCredentials({ settings }: LoadedSettings): GoogleCredentials | null {
  return settings.googleCredentials === null ? null : { keyFile: settings.googleCredentials };
}

function webCredentials({ settings }: LoadedSettings): WebCredentials | null {
  const { httpUser: user, httpPassword: password } = settings;
  return user === null ? null : { user, password: password ?? '' };
}

function sshCredentials({ settings }: LoadedSettings): SshCredentials | null {
  const found = {
    keyFile: settings.sshKey,
    passphrase: settings.sshKeyPassphrase,
    agentSocket: settings.sshAgent,
    password: settings.sshPassword,
    knownHostsFile: settings.sshKnownHosts,
  };
  return Object.values(found).every((one) => one === null) ? null : found;
}

/**
 * Null leaves it to the SDK's own chain (profiles, instance roles).
 * A session token belongs to one pair of keys: one from another layer than the access key is stale and left out.
 */
function s3Credentials({ settings, layers, provenance }: LoadedSettings): S3Credentials | null {
  const { accessKey, secretKey, sessionToken } = settings;
  if (accessKey === null && secretKey === null) return null;
  if (accessKey === null || secretKey === null) {
    const [given, missing, cure] =
      accessKey === null
        ? (['secretKey', 'access key', '-a or AWS_ACCESS_KEY_ID'] as const)
        : (['accessKey', 'secret key', '-s or AWS_SECRET_ACCESS_KEY'] as const);
    throw new OdoError(
      'USAGE',
      `The S3 ${missing} is missing (the other half is from ${provenance[given]}).`,
      {
        hint: `Give it with ${cure}, or neither of the two to use the profile or role of this machine.`,
      },
    );
  }
  return {
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    sessionToken: layers.sessionToken === layers.accessKey ? sessionToken : null,
  };
}
