/**
 * Runs `work` over `items`, at most `limit` at a time, in order of start. The first failure stops new starts,
 * aborts the others through their signal, and is the one that is thrown once all have ended.
 */
export async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && !inner.aborted) {
      const item = items[next++] as Item;
      try {
        await work(item, inner);
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  signal.throwIfAborted();
}
