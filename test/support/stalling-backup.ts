import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { s3Keys, startS3 } from '../lab/s3-server.ts';
import { type ProxiedRequest, startFaultProxy } from './fault-proxy.ts';

export interface StallingBackup extends AsyncDisposable {
  readonly backup: Fixture;
  readonly endpoint: string;
  /** A file as the deployments want it: odo's `.env`, for the user of the image alone. */
  readonly credentialsFile: string;
  /** Whether a reader waits for the second half of the base archive. */
  readonly isStalled: boolean;
  /** From now on everything is answered. */
  release(): void;
  /** Whoever waits asks again at once. */
  breakSilence(): void;
  /** Where in the base archive reading began, request by request, since `release`. */
  readonly beginsInBase: readonly number[];
  /** Names of WAL segments that were read from their beginning since `release`. */
  readonly segments: readonly string[];
}

const begin = ({ range }: ProxiedRequest): number => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
const isBase = ({ method, path }: ProxiedRequest): boolean =>
  method === 'GET' && /\/data\.tar\.gz(\?|$)/.test(path);

/** Where the archive stops: of some 45 MB. */
export const stallsAt = 20 * 2 ** 20;

/** A backup whose base archive comes only to its half until the test releases it, and which notes what is read after. */
export async function stallingBackup(directory: string): Promise<StallingBackup> {
  const backup = await fixture('barman-15');
  const s3 = await startS3({ storageDir: backup.storageDir });
  const proxy = await startFaultProxy(s3.endpoint);
  let isReleased = false;
  let isStalled = false;
  let released = 0;
  proxy.fault = (request) => {
    if (isReleased || !isBase(request) || begin(request) < stallsAt) return null;
    isStalled = true;
    return { kind: 'silence' };
  };
  const since = () => proxy.requests.slice(released);
  const credentialsFile = join(directory, 'credentials.env');
  await writeFile(
    credentialsFile,
    `AWS_ACCESS_KEY_ID=${s3Keys.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${s3Keys.secretAccessKey}\n`,
    { mode: 0o400 },
  );
  await chown(credentialsFile, 999, 999);
  return {
    backup,
    endpoint: proxy.endpoint,
    credentialsFile,
    get isStalled() {
      return isStalled;
    },
    release: () => {
      isReleased = true;
      released = proxy.requests.length;
    },
    breakSilence: () => proxy.breakSilence(),
    get beginsInBase() {
      return since().filter(isBase).map(begin);
    },
    get segments() {
      return since().flatMap((request) => {
        const [, name] = /\/([0-9A-F]{24})(?:\.gz)?(?:\?|$)/.exec(request.path) ?? [];
        return request.method === 'GET' && name !== undefined && begin(request) === 0 ? [name] : [];
      });
    },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await s3.stop();
    },
  };
}
