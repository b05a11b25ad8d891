import type { Retention } from './take-request.ts';

interface Finished {
  readonly systemIdentifier: string;
  readonly finishedAt: string;
}

/**
 * Which of these backups go: those that neither the number nor the age keeps. Only backups of the same cluster count,
 * and the newest of them always stays.
 */
export function noLongerKept<Backup extends Finished>(
  backups: readonly Backup[],
  { keepLast, keepForMs }: Retention,
  { systemIdentifier, now }: { readonly systemIdentifier: string; readonly now: Date },
): Backup[] {
  if (keepLast === null && keepForMs === null) return [];
  return backups
    .filter((backup) => backup.systemIdentifier === systemIdentifier)
    .toSorted((one, other) => Date.parse(other.finishedAt) - Date.parse(one.finishedAt))
    .filter((backup, index) => {
      const isAmongLast = index < Math.max(keepLast ?? 0, 1);
      const isYoung = keepForMs !== null && now.getTime() - Date.parse(backup.finishedAt) < keepForMs;
      return !isAmongLast && !isYoung;
    });
}
