/** The same disk for every contender: an empty cache, nothing waiting to be written, and no deletion in its bones. */
import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../test/lab/run-command.ts';
import { benchDir, makeBenchDir, say } from './bench-dir.ts';

/** `false` where only root of the real machine may do that; figures then hold for a warm cache. */
export async function settleDisk(): Promise<boolean> {
  await run('sync', []);
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return true;
  } catch {
    return false;
  }
}

export function freeBytes(): number {
  const { bavail, bsize } = statfsSync(benchDir);
  return bavail * bsize;
}

const probesDir = ['targets', `probes-${process.pid}`];
let probes = 0;

/** Targets and clusters of a bench that was killed: their names end with its process id. */
export async function removeLeftovers(): Promise<void> {
  for (const kind of ['targets', 'sources'])
    for (const name of await readdir(makeBenchDir([kind]))) {
      const pid = /-(\d+)$/.exec(name)?.[1];
      if (pid !== undefined && !existsSync(`/proc/${pid}`))
        await rm(join(benchDir, kind, name), { recursive: true, force: true });
    }
}

export async function removeProbes(): Promise<void> {
  await rm(join(benchDir, ...probesDir), { recursive: true, force: true });
}

function secondsToMakeFiles(): number {
  const directory = makeBenchDir([...probesDir, String(probes++)]);
  const started = performance.now();
  for (let n = 0; n < 500; n++) {
    if (n % 100 === 0) mkdirSync(join(directory, String(n)));
    writeFileSync(join(directory, String(n - (n % 100)), `f${n}`), 'x');
  }
  return (performance.now() - started) / 1000;
}

/** How long new files take on this disk when nothing was deleted; set by the first call, before any deletion. */
let undisturbedSeconds: number | undefined;

export function rememberUndisturbed(): void {
  undisturbedSeconds ??= Math.min(secondsToMakeFiles(), secondsToMakeFiles());
}

/**
 * Removes targets, and waits until the disk makes files as fast as before: ext4 does not use the inodes of deleted files
 * again for a while, and looks for others one by one, which makes new files 10 to 30 times slower for about a minute.
 */
export async function removeTargets(directories: readonly string[]): Promise<void> {
  rememberUndisturbed();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
  await run('sync', []);
  const deadline = performance.now() + 90_000;
  while (secondsToMakeFiles() > 2 * (undisturbedSeconds ?? Number.POSITIVE_INFINITY)) {
    if (performance.now() > deadline) {
      say('the disk still makes files slowly after a deletion; going on');
      return;
    }
    await sleep(5000);
  }
}
