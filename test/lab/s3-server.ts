import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { S3Client } from '@aws-sdk/client-s3';

/** The only pair of keys the server knows. */
export const s3Keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;
export const s3Region = 'us-east-1';

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  readonly storageDir: string;
  /** Environment for odo, barman and the AWS tools. The checksums of newer SDKs are trailers that many servers refuse. */
  readonly env: Readonly<Record<string, string>>;
  /** A client for tests that look at or damage what is stored. */
  readonly client: S3Client;
  stop(): Promise<void>;
}

/**
 * An S3 server over HTTP on 127.0.0.1 in a process of its own, on `storageDir` (one folder per bucket).
 * It ends with this process at the latest.
 */
export async function startS3(options: {
  storageDir: string;
  port?: number;
  buckets?: readonly string[];
  env?: Readonly<Record<string, string>>;
}): Promise<S3Server> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 's3-server-process.ts')], {
    // It listens on stdin for the end of its parent.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...options.env,
      S3_STORAGE: options.storageDir,
      S3_PORT: String(options.port ?? 0),
      S3_BUCKETS: (options.buckets ?? []).join(','),
    },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The S3 server ended with ${code}`)));
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    region: s3Region,
    forcePathStyle: true,
    credentials: s3Keys,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const stop = async () => {
    client.destroy();
    child.stdin.end();
    child.kill('SIGKILL');
    await ended;
  };
  return {
    endpoint,
    port,
    storageDir: options.storageDir,
    client,
    stop,
    [Symbol.asyncDispose]: stop,
    env: {
      AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
      AWS_DEFAULT_REGION: s3Region,
      AWS_REGION: s3Region,
      AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
      AWS_RESPONSE_CHECKSUM_VALIDATION: 'when_required',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  };
}
