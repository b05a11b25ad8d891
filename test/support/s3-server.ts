import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createS3rver } from '../lab/s3rver.ts';

export interface TestS3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** Objects lie here as `<bucket>/<key>._S3rver_object`. */
  readonly directory: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: null };
}

/** An S3 server over HTTP on a free port of this machine, in a directory of its own unless one is given. */
export async function startS3Server(
  options: { directory?: string; buckets?: readonly string[]; allowMismatchedSignatures?: boolean } = {},
): Promise<TestS3Server> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'odo-s3-')));
  const { allowMismatchedSignatures = false, buckets = ['backups'] } = options;
  const server = createS3rver({ directory, buckets, allowMismatchedSignatures });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    directory,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', sessionToken: null },
    async [Symbol.asyncDispose]() {
      await server.close();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}
