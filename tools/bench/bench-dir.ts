import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../test/lab/run-command.ts';

/** Backups that are expensive to make, and the targets of the restores. It must have room for a few copies of a case. */
export const benchDir = process.env.ODO_BENCH_DIR ?? '/var/lib/odo-lab/bench';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

let owner: Owner | undefined;

/** Clusters and their tools run as postgres; PostgreSQL refuses root. */
export async function postgresOwner(): Promise<Owner> {
  owner ??= {
    uid: Number(await run('id', ['-u', 'postgres'])),
    gid: Number(await run('id', ['-g', 'postgres'])),
  };
  return owner;
}

/** A directory below the bench's, made when it is missing; given to `for` when that is said. */
export function makeBenchDir(parts: readonly string[], options: { for?: Owner } = {}): string {
  const path = join(benchDir, ...parts);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  if (options.for) chownSync(path, options.for.uid, options.for.gid);
  return path;
}

/** Progress for the person who waits; stdout carries the tables. */
export function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
