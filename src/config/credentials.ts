import { OdoError } from '../errors/odo-error.ts';
import type { S3Credentials } from '../storage/credentials.ts';
import type { LoadedSettings } from './load.ts';

/**
 * The keys for this process; null leaves it to the SDK's own chain (profiles, instance roles).
 * A session token belongs to one pair of keys: one from another layer than the access key is stale and left out.
 */
export function resolveCredentials({ settings, layers, provenance }: LoadedSettings): S3Credentials | null {
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
