// Caches the results of a costly function, so that a protein or a crop that is used again costs nothing. Memory is bounded by
// the number of results.

/** The same function with a cache of `limit` results, from which the oldest is removed first. */
export function memoize<Arguments extends readonly unknown[], Result>(
  compute: (...args: Arguments) => Promise<Result>,
  keyOf: (...args: Arguments) => string,
  limit: number,
): (...args: Arguments) => Promise<Result> {
  const results = new Map<string, Promise<Result>>();
  return (...args) => {
    const key = keyOf(...args);
    const known = results.get(key);
    if (known !== undefined) return known;
    const result = compute(...args);
    results.set(key, result);
    if (results.size > limit) results.delete(results.keys().next().value!);
    return result;
  };
}
