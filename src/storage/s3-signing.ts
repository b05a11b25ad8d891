import type { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { OdoError } from '../errors/odo-error.ts';
import type { HttpRangeLocation } from './range-location.ts';

/** What the SDK would have sent. */
export type SignedRequest = Pick<HttpRangeLocation, 'protocol' | 'hostname' | 'port' | 'path' | 'headers'>;

/** The fields of the SDK's request that matter here (@smithy/types HttpRequest). */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Lets the SDK resolve the endpoint, get or refresh credentials and sign, and takes the request away before it is
 * sent. Signed in headers, not in the query: a presigned URL would be a secret that servers write to their logs.
 */
export async function signedRequest(client: S3Client, command: GetObjectCommand): Promise<SignedRequest> {
  let captured: SdkRequest | null = null;
  // The deserialize step comes after everything that changes a request, and its first middleware before any that
  // wants an answer.
  command.middlewareStack.add(
    () => async (args) => {
      captured = args.request as SdkRequest;
      return { response: undefined, output: { $metadata: {} } };
    },
    { step: 'deserialize', priority: 'high', name: 'odoTakeSignedRequest' },
  );
  await client.send(command);
  return plainRequest(captured);
}

function plainRequest(request: SdkRequest | null): SignedRequest {
  if (request === null || (request.protocol !== 'http:' && request.protocol !== 'https:'))
    throw new OdoError('BUG', 'The SDK made no HTTP request for a range.');
  const { protocol, hostname, port, path, query = {}, headers } = request;
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    [value ?? ''].flat().map((each) => `${encoded(name)}=${encoded(each)}`),
  );
  return {
    protocol,
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ?? null,
    path: parameters.length === 0 ? path : `${path}?${parameters.join('&')}`,
    headers: { ...headers },
  };
}

/** As the signature's canonical query wants it: everything but unreserved characters (RFC 3986). */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** AWS names the bucket's region in refusals too. */
export function refusedRegion(cause: unknown): string | undefined {
  const { $response } = (cause ?? {}) as { $response?: { headers?: Record<string, string> } };
  return $response?.headers?.['x-amz-bucket-region'];
}
