import { setTimeout as delay } from 'node:timers/promises';

/** Polls until `check` answers something other than false, null or undefined; an error inside counts as "not yet". */
export async function waitUntil<T>(
  what: string,
  check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  options: { deadlineMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = Date.now() + (options.deadlineMs ?? 60_000);
  let last: unknown;
  for (;;) {
    try {
      const answer = await check();
      if (answer !== false && answer !== null && answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`Waited in vain until ${what}`, { cause: last });
    await delay(options.everyMs ?? 100);
  }
}
