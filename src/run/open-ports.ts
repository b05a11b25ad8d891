import { DecoderPool } from '../archive/decode/decoder-pool.ts';
import { connectDocker } from '../docker/client.ts';
import { imageFacts } from '../service/image-facts.ts';
import { inspectServer } from '../service/inspect-server.ts';
import { findLocalBinaries } from '../service/local-binaries.ts';
import { openLauncher } from '../service/open-launcher.ts';
import { openService } from '../service/open-service.ts';
import type { ServerLauncher } from '../service/server-launcher.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import type { StepPorts } from '../steps/step.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import { openStorage } from '../storage/open-storage.ts';
import { openTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import { type KeptParts, keptPlaces } from './kept-places.ts';
import { availableCores } from './limits/cores.ts';
import { limitedStorage } from './limits/limited-storage.ts';
import { divideMemory, memoryBudget, slotBytes } from './limits/memory.ts';
import { largestRangeBytes, RateLimiter, rangeBytesFor } from './limits/rate-limit.ts';

/** The adapters of one run. Each is opened when first used, so that a plain directory needs no engine. */
export function openPorts(options: {
  runId: string;
  request: KeptParts & Pick<RestoreRequest, 'maxRateBytesPerSecond'>;
  journalFile: string;
  /** Where the plan will be written. */
  planFile?: string | null;
  credentials: SourceCredentials | null;
  primaryPassword?: string | null;
}): StepPorts & { close(): Promise<void> } {
  const docker = once(() => connectDocker());
  const { request, credentials } = options;
  const limiter =
    request.maxRateBytesPerSecond === null ? null : new RateLimiter(request.maxRateBytesPerSecond);
  const source = once(() => openSource(request.source, credentials, limiter));
  const walUrl = request.walUrl ?? null;
  const walSource = once(async () =>
    walUrl === null ? null : openSource({ ...request.source, url: walUrl }, credentials, limiter),
  );
  const targets = new Map<string, Promise<Target>>();
  const launchers = new Map<string, Promise<ServerLauncher>>();
  let decoders: DecoderPool | null = null;
  return {
    source,
    walSource,
    target: (spec) => cached(targets, JSON.stringify(spec), async () => openTarget(spec, { docker })),
    service: async (spec) => openService(spec, { docker }),
    launcher: (spec, target) =>
      cached(launchers, JSON.stringify(spec), () => openLauncher(spec, target, options.runId, { docker })),
    image: async (reference) => imageFacts(await docker(), reference),
    localBinaries: (binDir, major) => findLocalBinaries(binDir, major),
    inspectServer: (spec, paths, signal) => inspectServer(spec, paths, { docker, signal }),
    keptPlaces: () =>
      keptPlaces(request, { journalFile: options.journalFile, planFile: options.planFile ?? null }),
    primaryPassword: () => options.primaryPassword ?? null,
    cores: () => availableCores(),
    decoders: (means) => {
      decoders ??= openDecoders(means);
      return decoders;
    },
    now: () => new Date(),
    close: async () => {
      await decoders?.close();
      const opened = await Promise.allSettled(targets.values());
      for (const target of opened) if (target.status === 'fulfilled') await target.value.close();
      for (const opened of [source, walSource]) if (opened.used()) (await opened())?.storage.close();
    },
  };
}

/** One limiter for the whole run: archives and WAL share the rate. */
async function openSource(
  source: RestoreRequest['source'],
  credentials: SourceCredentials | null,
  limiter: RateLimiter | null,
): ReturnType<StepPorts['source']> {
  const { storage, prefix } = await openStorage({ ...source, credentials });
  if (limiter === null) return { storage, prefix, rangeBytes: largestRangeBytes };
  return { storage: limitedStorage(storage, limiter), prefix, rangeBytes: limiter.rangeBytes };
}

function openDecoders(means: Parameters<StepPorts['decoders']>[0]): DecoderPool {
  const share = divideMemory(memoryBudget(means.memoryBytes), means.jobs);
  return new DecoderPool({
    threads: share.decoders,
    readAheadBytes: share.readAheadBytes,
    rangeBytes:
      means.maxRateBytesPerSecond === null ? largestRangeBytes : rangeBytesFor(means.maxRateBytesPerSecond),
    outputSlots: share.outputSlots,
    slotBytes,
  });
}

function once<T>(open: () => Promise<T>): (() => Promise<T>) & { used(): boolean } {
  let opened: Promise<T> | null = null;
  return Object.assign(
    () => {
      opened ??= open().catch((error: unknown) => {
        opened = null;
        throw error;
      });
      return opened;
    },
    { used: () => opened !== null },
  );
}

function cached<T>(cache: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const opening = open();
  cache.set(key, opening);
  opening.catch(() => cache.delete(key));
  return opening;
}
