import { connectDocker, type Docker } from '../../docker/client.ts';
import { examineJournal, type JournalExamination } from '../../journal/examine-journal.ts';
import { noServiceFacts } from '../../service/none.ts';
import { openService } from '../../service/open-service.ts';
import type { ServiceFacts } from '../../service/service.ts';
import type { DoctorRequest } from '../../steps/doctor-request.ts';
import { resolveTarget, serverLayout } from '../../steps/resolve-target.ts';
import type { SourceCredentials } from '../../storage/credentials.ts';
import { openTarget } from '../../target/open-target.ts';
import type { TargetFacts } from '../../target/target.ts';
import { lookAtStore, type StoreLook } from './store-look.ts';

/** What several examinations look at; each is looked at once, when the first of them asks. */
export interface Surroundings {
  readonly request: DoctorRequest;
  readonly journalFile: string;
  readonly signal: AbortSignal;
  /** Read to its end; null when there is none yet. Rejects with why it cannot be read. */
  journal(): Promise<JournalExamination | null>;
  /** @throws ENGINE_UNREACHABLE */
  docker(): Promise<Docker>;
  /** What the service is now; rejects with why that cannot be told. */
  service(): Promise<ServiceFacts>;
  /** What is in the target now; null when none is configured. */
  target(): Promise<TargetFacts | null>;
  /** Null when no URL is configured. */
  store(): Promise<StoreLook | null>;
  /** Null when no other archive is configured. */
  walStore(): Promise<StoreLook | null>;
}

export function openSurroundings(
  request: DoctorRequest,
  options: Pick<Surroundings, 'journalFile' | 'signal'> & { readonly credentials: SourceCredentials | null },
): Surroundings {
  const { credentials, signal } = options;
  const { source, walUrl, server } = request;
  const docker = once(() => connectDocker({ signal }));
  const service = once(() => openService(request.service, { docker }).inspect(signal));
  return {
    request,
    journalFile: options.journalFile,
    signal,
    journal: once(async () => examineJournal(options.journalFile)),
    docker,
    service,
    target: once(async () => {
      if (request.target === null) return null;
      const asked = { ...request, target: request.target };
      // Without the service's own word, as if there were none: what is said about the service says why.
      const facts = await service().catch(() => noServiceFacts);
      const layout = serverLayout(asked, facts, null);
      const target = openTarget(resolveTarget(asked, facts, layout), { docker });
      try {
        return await target.inspect(signal);
      } finally {
        await target.close();
      }
    }),
    store: once(async () => (source === null ? null : lookAtStore(source, { server, credentials, signal }))),
    walStore: once(async () =>
      source === null || walUrl === null
        ? null
        : lookAtStore({ ...source, url: walUrl }, { server: null, credentials, signal, isWalArchive: true }),
    ),
  };
}

function once<T>(look: () => Promise<T>): () => Promise<T> {
  let looked: Promise<T> | null = null;
  return () => (looked ??= look());
}

/** Whether the restore that the settings describe goes through a container engine; null: they do not say. */
export function needsEngine({ target, service }: DoctorRequest): boolean | null {
  if (service.kind === 'compose' || service.kind === 'container') return true;
  if (target === null) return service.kind === 'local' ? false : null;
  return target.kind !== 'data-directory';
}

/** Whether it runs PostgreSQL of this host; null: they do not say. */
export function needsBinaries(request: DoctorRequest): boolean | null {
  const engine = needsEngine(request);
  return engine === null ? (request.drillDirectory === null ? null : true) : !engine;
}
