import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from './fault-proxy.ts';
import { type OdoProgram, type OdoResult, odo, spawnOdo } from './odo-program.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Preloaded: a wait of half a minute takes some 1.6 s. */
export const fastWaits = {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'fast-waits.ts')}`,
  ODO_TEST_WAITS: '20',
} as const;

/** One call of a restore: what is asked for, and the how-manieth time that is done. */
export interface StoreCall {
  /** `list pg/main/` or `get pg/main/base/…/data.tar.gz 0-511` */
  readonly what: string;
  readonly ordinal: number;
}

/** What a call is for: calls of one kind fail together where a fault stays. */
export type CallKind = 'list' | 'small object' | 'range of the base backup' | 'range of WAL';

export function kindOf({ what }: StoreCall): CallKind {
  if (what.startsWith('list ')) return 'list';
  if (!/ \d+-\d+$/.test(what)) return 'small object';
  return what.includes('/wals/') ? 'range of WAL' : 'range of the base backup';
}

/** What a request asks for. One that goes on where a broken one had come to asks for the same. */
export function whatOf({ path, range }: Pick<ProxiedRequest, 'path' | 'range'>, bucket: string): string {
  const { pathname, searchParams } = new URL(path, 'http://store');
  const key = decodeURIComponent(pathname).slice(`/${bucket}/`.length);
  if (key === '') {
    const folders = searchParams.has('delimiter') ? ' (folders)' : '';
    return `list ${searchParams.get('prefix') ?? ''}${folders}`;
  }
  const [, end] = /-(\d+)$/.exec(range ?? '') ?? [];
  return end === undefined ? `get ${key}` : `get ${key} 0-${end}`;
}

export interface StoreSource {
  readonly bucket: string;
  readonly url: string;
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A place to restore to through a proxy that breaks calls. */
export interface StoreRestore extends AsyncDisposable {
  readonly directory: string;
  readonly data: string;
  readonly proxy: FaultProxy;
  /** In the order in which they were first made. */
  calls(): StoreCall[];
  /** Breaks what `breaks` says, asked for each call with its number. */
  breakCalls(breaks: (call: StoreCall) => Fault | null): void;
  start(...more: readonly string[]): Promise<OdoResult>;
  spawn(...more: readonly string[]): OdoProgram;
  resume(runId: string): Promise<OdoResult>;
  status(runId: string): Promise<OdoResult>;
  /** Nothing lies where the restore goes, nor beside it but odo's own journal. */
  isUntouched(): Promise<boolean>;
}

export async function storeRestore(
  source: StoreSource,
  env: Readonly<Record<string, string>> = {},
): Promise<StoreRestore> {
  const directory = await temporaryDirectory();
  const proxy = await startFaultProxy(source.endpoint);
  const data = join(directory.path, 'data');
  const environment = {
    ...source.env,
    ...fastWaits,
    XDG_STATE_HOME: join(directory.path, 'state'),
    ...env,
  };
  const calls: StoreCall[] = [];
  const counts = new Map<string, number>();
  let breaks: (call: StoreCall) => Fault | null = () => null;
  proxy.fault = (request) => {
    const what = whatOf(request, source.bucket);
    const ordinal = counts.get(what) ?? 0;
    counts.set(what, ordinal + 1);
    const call = { what, ordinal };
    calls.push(call);
    return breaks(call);
  };
  const args = ['-u', source.url, '-e', proxy.endpoint, '--data-dir', data];
  return {
    directory: directory.path,
    data,
    proxy,
    calls: () => [...calls],
    breakCalls: (next) => {
      breaks = next;
    },
    start: (...more) => odo(['start', ...args, ...more, '--json'], { env: environment }),
    spawn: (...more) => spawnOdo(['start', ...args, ...more, '--json'], { env: environment }),
    resume: (runId) => odo(['resume', runId, '--json'], { env: environment }),
    status: (runId) => odo(['status', runId, '--json'], { env: environment }),
    isUntouched: async () =>
      !existsSync(data) && (await readdir(directory.path)).every((name) => name === 'state'),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
