import type { ObjectStorage } from './object-storage.ts';

/** Longest wait for an answer. @unit ms */
const patienceMs = 10_000;

/**
 * How far this machine's clock is ahead of the store's, by the Date of an answer (whole seconds, so within one); null
 * when the store tells no time. Asked without credentials: a refusal has a date too. @unit ms
 */
export async function clockAhead(storage: ObjectStorage, signal: AbortSignal): Promise<number | null> {
  const nobody = { key: 'odo-asks-for-the-time', etag: '' };
  const location = await storage.locate(nobody, { from: 0, to: 1 }, signal);
  if (location.kind !== 'http') return null;
  const { protocol, hostname, port } = location;
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  const before = Date.now();
  const answer = await fetch(`${protocol}//${host}${port === null ? '' : `:${port}`}/`, {
    method: 'HEAD',
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
  });
  const now = (before + Date.now()) / 2;
  await answer.body?.cancel();
  const told = Date.parse(answer.headers.get('date') ?? '');
  // It was cut off to the second.
  return Number.isNaN(told) ? null : Math.round(now - (told + 500));
}
