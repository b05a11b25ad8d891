import { begunName, finishedName } from '../backup/pg-basebackup/layout.ts';
import { connectDocker } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import { formatVersionNumber } from '../postgres/server-version.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ObjectWriter } from '../storage/object-writer.ts';
import { openStorage } from '../storage/open-storage.ts';
import { openWriter } from '../storage/open-writer.ts';
import { type BackupDocument, idOf, writeDocument } from './backup-document.ts';
import type { BackupServer } from './backup-server.ts';
import { chooseServer, type ServerFacts } from './check-server.ts';
import { containerServers } from './container-servers.ts';
import { localServer } from './local-server.ts';
import { removeOwnBackup } from './own-backups.ts';
import { partBytesFor } from './part-bytes.ts';
import { removeOldBackups } from './remove-old-backups.ts';
import { streamBackup } from './stream-backup.ts';
import type { TakeEvent } from './take-events.ts';
import type { ServerSpec, TakeRequest } from './take-request.ts';
import type { TakeSurroundings } from './take-surroundings.ts';

/** What an interruption still waits for, to leave nothing behind. @unit ms */
const tidyMs = 30_000;

/** Takes a base backup, and then removes those that are no longer kept. Until it is complete nothing shows it as good. */
export async function takeBackup(
  request: TakeRequest,
  surroundings: TakeSurroundings,
): Promise<BackupDocument> {
  const { signal, credentials } = surroundings;
  const source = { ...request.target, credentials };
  const writer = openWriter(source);
  const { storage, prefix } = await openStorage(source);
  try {
    const candidates = await openServers(request.server, signal);
    const { server, facts } = await chooseServer(candidates, signal);
    const document = await take(request, { storage, writer, prefix, server, facts }, surroundings);
    await removeOldBackups(
      { storage, writer, prefix },
      { kept: document, retention: request.retention },
      surroundings,
    );
    return document;
  } finally {
    writer.close();
    storage.close();
  }
}

async function openServers(spec: ServerSpec, signal: AbortSignal): Promise<BackupServer[]> {
  if (spec.kind === 'local') return [await localServer(spec)];
  return containerServers(spec, await connectDocker({ signal }), signal);
}

interface Place {
  readonly storage: ObjectStorage;
  readonly writer: ObjectWriter;
  readonly prefix: string;
  readonly server: BackupServer;
  readonly facts: ServerFacts;
}

async function take(
  { target, compression, labels }: TakeRequest,
  { storage, writer, prefix, server, facts }: Place,
  { odoVersion, threads, now, onEvent, signal }: TakeSurroundings,
): Promise<BackupDocument> {
  const startedAt = now();
  const tell = (event: TakeEventBody): void => onEvent({ at: now().toISOString(), ...event });
  const id = await freeId(storage, prefix, startedAt, signal);
  const folder = `${prefix}${id}/`;
  const mark = Buffer.from(`${JSON.stringify({ formatVersion: 1, id, startedAt, odoVersion })}\n`);
  await writer.create(folder + begunName, mark, signal);
  const serverVersion = formatVersionNumber(facts.versionNumber);
  const { systemIdentifier, dataBytes: total } = facts;
  const address = `${target.url.replace(/\/$/, '')}/${id}/`;
  tell({ type: 'begun', id, address, server: server.description, serverVersion, systemIdentifier });
  const program = await server
    .baseBackup(['-D', '-', '-Ft', '-X', 'fetch', '--checkpoint=fast', '-w'], signal)
    .catch(async (error: unknown) => {
      await tidy(writer, folder);
      throw error;
    });
  try {
    const streamed = await streamBackup(program, writer, {
      ...{ folder, compression, threads, signal },
      partBytes: partBytesFor(total),
      onProgress: (bytes) => tell({ type: 'progress', ...bytes, total }),
    });
    for (const object of streamed.objects) await requireStored(storage, object, signal);
    const { label, stopLsn, tarBytes } = streamed;
    const document: BackupDocument = {
      ...{ formatVersion: 1, id, labels: { ...labels } },
      ...{ serverVersion, serverVersionNumber: facts.versionNumber, systemIdentifier },
      ...{ timeline: label.timeline, startLsn: label.startLsn, stopLsn, tarBytes, compression },
      objects: streamed.objects.map(({ key, ...stored }) => ({ name: key.slice(folder.length), ...stored })),
      ...{ startedAt: startedAt.toISOString(), finishedAt: now().toISOString(), odoVersion },
    };
    await writer.create(folder + finishedName, writeDocument(document), signal);
    tell({ type: 'completed', durationMs: now().getTime() - startedAt.getTime(), backup: document });
    return document;
  } catch (error) {
    await program.stop().catch(() => {});
    await tidy(writer, folder);
    throw error;
  }
}

type TakeEventBody = TakeEvent extends infer Event
  ? Event extends TakeEvent
    ? Omit<Event, 'at'>
    : never
  : never;

/** Named by its second; when something lies there already, by the next one. */
async function freeId(
  storage: ObjectStorage,
  prefix: string,
  startedAt: Date,
  signal: AbortSignal,
): Promise<string> {
  const taken = new Set(await storage.listFolders(prefix, signal));
  for (let time = startedAt.getTime(); ; time += 1000) {
    const id = idOf(new Date(time));
    if (!taken.has(`${prefix}${id}/`)) return id;
  }
}

/** Whatever cannot be removed stays what it is: a folder with the mark of a backup that was not finished. */
async function tidy(writer: ObjectWriter, folder: string): Promise<void> {
  const begun = { folder, document: null, begunAt: '' };
  await removeOwnBackup(writer, begun, AbortSignal.timeout(tidyMs)).catch(() => {});
}

async function requireStored(
  storage: ObjectStorage,
  { key, sizeBytes }: { readonly key: string; readonly sizeBytes: number },
  signal: AbortSignal,
): Promise<void> {
  const found = await storage.stat(key, signal);
  if (found?.sizeBytes === sizeBytes) return;
  const how = found === null ? 'is not there' : `has ${found.sizeBytes} bytes`;
  throw new OdoError('OBJECT_CHANGED', `${key} was stored with ${sizeBytes} bytes, and now ${how}.`, {
    hint: 'Look for a rule or a tool that changes objects there, then run odo backup again.',
    details: { key },
  });
}
