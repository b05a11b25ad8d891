import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Store extends AsyncDisposable {
  readonly endpoint: string;
  /** Credentials for everyone; the store does not look at them, but every client signs as it would elsewhere. */
  readonly env: Readonly<Record<string, string>>;
  /** What the store itself has used of the machine so far. */
  cpuSeconds(): number;
}

/** Kernel ticks of /proc/PID/stat; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

export const storeKeys = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' } as const;
export const storeRegion = 'us-east-1';

/** Serves what the lab's S3 server stored in `directory`, from a process of its own that ends with this one. */
export async function startStore(directory: string): Promise<Store> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-process.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, STORE_DIR: directory },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The store ended with ${code}`)));
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    env: {
      AWS_ACCESS_KEY_ID: storeKeys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: storeKeys.secretAccessKey,
      AWS_DEFAULT_REGION: storeRegion,
      AWS_REGION: storeRegion,
      AWS_EC2_METADATA_DISABLED: 'true',
      // Clients that look for a configuration find none, so they do the same on every machine.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    cpuSeconds: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
