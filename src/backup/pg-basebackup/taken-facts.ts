import { majorOfVersionNumber } from '../../postgres/server-version.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import type { BaseBackup } from '../base-backup.ts';

type TakenFacts = Partial<
  Pick<BaseBackup, 'name' | 'startedAt' | 'finishedAt' | 'serverMajor' | 'serverVersion'>
>;

/** What `odo-backup.json` tells besides what the backup itself says; labels are its name. Nothing of what is not as expected. */
export async function readTakenFacts(
  storage: ObjectStorage,
  { key }: StoredObject,
  signal: AbortSignal,
): Promise<TakenFacts> {
  const text = new TextDecoder().decode(await storage.readSmall(key, signal));
  const { labels, startedAt, finishedAt, serverVersionNumber } = recordOf(text);
  const named = typeof labels === 'object' && labels !== null ? Object.entries(labels) : [];
  const serverMajor =
    typeof serverVersionNumber === 'number' ? majorOfVersionNumber(serverVersionNumber) : null;
  return {
    ...(named.length === 0 ? {} : { name: named.map((label) => label.join('=')).join(', ') }),
    ...(isTime(startedAt) ? { startedAt } : {}),
    ...(isTime(finishedAt) ? { finishedAt } : {}),
    ...(serverMajor === null ? {} : { serverMajor, serverVersion: Number(serverVersionNumber) }),
  };
}

const isTime = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);

function recordOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
