/** Everything a source gives. (`Array.fromAsync` is not in the library version that the compiler is set to.) */
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}
