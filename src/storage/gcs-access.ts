import { OdoError } from '../errors/odo-error.ts';
import type { GoogleCredentials } from './credentials.ts';
import { foreignError } from './store-errors.ts';

const scope = 'https://www.googleapis.com/auth/devstorage.read_write';

/** Headers that a request to Google Cloud Storage needs; asked anew for each, since tokens expire. */
export type GoogleHeaders = () => Promise<Readonly<Record<string, string>>>;

/**
 * From the key file, else from what this machine has (gcloud, workload or instance identity), else none: a bucket may
 * be public. An endpoint of one's own needs none unless a key file is named.
 */
export async function googleHeaders(
  credentials: GoogleCredentials | null,
  endpoint: string | null,
): Promise<GoogleHeaders> {
  const keyFile = credentials?.keyFile ?? null;
  if (keyFile === null && endpoint !== null) return async () => ({});
  const { GoogleAuth } = await import('google-auth-library');
  // The library warns of every option that names the file; from here it takes it without a word.
  if (keyFile !== null) process.env['GOOGLE_APPLICATION_CREDENTIALS'] = keyFile;
  const auth = new GoogleAuth({ scopes: scope });
  let isAnonymous = false;
  return async () => {
    if (isAnonymous) return {};
    try {
      return { Authorization: `Bearer ${await auth.getAccessToken()}` };
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : '';
      if (keyFile === null && /could not load the default credentials/i.test(said)) {
        isAnonymous = true;
        return {};
      }
      const { code, status } = foreignError(cause);
      if (
        (code !== null && /^E[A-Z_]+$/.test(code) && code !== 'ENOENT') ||
        (status !== null && status >= 500)
      ) {
        throw new OdoError('STORAGE_UNAVAILABLE', 'Google’s server of access tokens cannot be reached.', {
          hint: 'Check the network, then try again (a run that had begun: odo resume).',
          details: { reason: code ?? status },
          cause: new Error(said),
        });
      }
      // The library's errors carry their request, which may hold a signed token.
      throw new OdoError('ACCESS_DENIED', 'Google gives no access token for the credentials.', {
        hint:
          keyFile === null
            ? 'Sign in again with gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS.'
            : `Check ${keyFile} (GOOGLE_APPLICATION_CREDENTIALS) and this machine’s clock.`,
        cause: new Error(said),
      });
    }
  };
}
